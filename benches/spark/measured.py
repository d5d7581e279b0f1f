"""Measures a command with all its processes, also those that outlive their parents or for which nobody waits."""

import ctypes
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from typing import NamedTuple

SECONDS_BETWEEN_SAMPLES = 0.2
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36
PROC = pathlib.Path("/proc")


class Line(NamedTuple):
    """What a command has printed, and the time and the processor time that it had taken by then."""

    text: str
    wall: float
    cpu: float


class Measured(NamedTuple):
    lines: list
    wall: float
    cpu: float
    megabytes: float  # The peak of what is resident, without pages of files.


def measured(command, environment):
    # Processes that lose their parent become children of this one, which can wait for them.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    usage, begin = Usage(), time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    threading.Thread(target=usage.watch, daemon=True).start()
    lines = [Line(text.rstrip(), time.perf_counter() - begin, usage.cpu()) for text in process.stdout]
    if usage.wait()[process.pid] != 0:
        sys.exit("\n".join(["failed: " + " ".join(map(str, command)), *(line.text for line in lines[-20:])]))
    return Measured(lines, time.perf_counter() - begin, usage.cpu(), usage.megabytes)


class Usage:
    """The processor time of all processes that are started from now on, and their peak memory."""

    def __init__(self):
        self.before, self.living, self.megabytes, self.is_over = waited_for(), {}, 0, False
        # The time of a process is added to that of its parent when it ends, unless the parent ignores that. Spark's daemon
        # ignores when its workers end, so their last samples are kept.
        self.ignored = {}

    def watch(self):
        while not self.is_over:
            self.cpu()
            self.megabytes = max(self.megabytes, sum(map(anonymous_megabytes, self.living)))
            time.sleep(SECONDS_BETWEEN_SAMPLES)

    def cpu(self):
        self.living = living = descendants()
        self.ignored |= {pid: cpu for pid, (parent, cpu) in living.items() if ignores_children(parent)}
        lost = sum(cpu for pid, cpu in self.ignored.items() if pid not in living)
        return waited_for() - self.before + sum(cpu for _, cpu in living.values()) + lost

    def wait(self):
        """The statuses of all processes for which this one can wait, when none is left."""
        statuses = {}
        while not self.is_over:
            try:
                pid, statuses[pid] = os.wait()
                self.ignored.pop(pid, None)
            except ChildProcessError:
                self.is_over = True
        return statuses


def waited_for():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def descendants():
    """By id, the parent and the processor time of each process under this one, with the ended ones for which it has waited."""
    found = {}
    for name in filter(str.isdecimal, os.listdir(PROC)):
        if stat := read(PROC / name / "stat"):
            fields = stat.rpartition(") ")[2].split()
            found[int(name)] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS_A_SECOND

    def is_ours(pid):
        return pid == os.getpid() or (pid in found and is_ours(found[pid][0]))

    return {pid: process for pid, process in found.items() if is_ours(process[0])}


def ignores_children(pid):
    mask = re.search(r"^SigIgn:\s*(\w+)", read(PROC / str(pid) / "status"), re.MULTILINE)
    return mask is not None and int(mask[1], 16) >> (signal.SIGCHLD - 1) & 1 == 1


def anonymous_megabytes(pid):
    size = re.search(r"^RssAnon:\s*(\d+) kB", read(PROC / str(pid) / "status"), re.MULTILINE)
    return int(size[1]) / 1024 if size else 0


def read(path):
    """The text of a file, or nothing if its process has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
