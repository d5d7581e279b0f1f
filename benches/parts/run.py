"""Prints how large the messages of `matinee part` are, and how much memory the steps take: benches/parts/run.py BINARY [COPIES]

The ratings are those of data/, with COPIES of each user. They are learned in one process, and in parts without Spark.
"""

import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LEARNING = ["-p", "n_epochs=2"]
BLOCKS = 4
LENGTH = struct.Struct("<Q")  # Of a message, in bytes.
# A small process in between: what a process has used before `exec` counts as its own.
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""


def main():
    binary, copies = sys.argv[1], int((sys.argv[2:] or ["1"])[0])
    with tempfile.TemporaryDirectory() as folder:
        Measurement(binary, pathlib.Path(folder)).run(copies)


class Measurement:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.peaks = binary, folder, {}
        self.largest, self.passes, self.state = {"state": 0, "assignment": 0, "sums": 0}, 0, b""

    def run(self, copies):
        header, *lines = (ROOT / "data/ratings.csv").read_text().splitlines()
        lines = [f"{copy}-{line}" for copy in range(copies) for line in lines]
        shares = self.divide(header, lines)
        movies = ["--movies", ROOT / "data/movies.csv"]
        blocks = [self.step("pack", f"{header},place\n".encode() + share) for share in shares]
        lead = self.lead([*LEARNING, *movies, "--output", self.folder / "parts"])
        self.listen(lead)
        self.count(blocks, lead)
        models = int(heard(lead))
        announced = [[heard(lead) for _ in range(3)] for _ in range(models)]
        for model in announced:
            self.take(*model)
            while self.next.startswith("counting"):
                self.count(blocks, lead)
                self.listen(lead)
            if self.next.startswith("learning"):
                arranged = [self.step("arrange", framed(self.state, block)) for block in blocks]
            while self.next.startswith("learning"):
                self.tell_sums(lead, self.step("pass", framed(self.asked, *arranged)))
                self.listen(lead)
        users = [self.step("users", framed(self.state, block)) for block in blocks]
        self.tell(lead, [message for pair in zip(blocks, users) for message in pair])
        lead.communicate()
        self.peaks["lead"] = int((self.folder / "lead").read_text())
        print(f"{len(lines)} ratings, {self.passes} passes, {BLOCKS} blocks")
        for kind, messages in (("a block", blocks), ("an arranged block", arranged)):
            print(f"a rating in {kind}: {sum(map(len, messages)) / len(lines):.1f} bytes")
        print("the largest: " + ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in self.largest.items()))
        self.alone(header, lines)
        print("peak memory: " + ", ".join(f"{step} {peak / 1e6:.0f} MB" for step, peak in self.peaks.items()))

    def divide(self, header, lines):
        """The lines of each block."""
        placed = (f"0 {line}".encode() for line in [header, *lines])
        framed_lines = b"".join(struct.pack(">I", len(line)) + line for line in placed)
        answer, shares = self.step("divide", framed_lines, ["--blocks", str(BLOCKS), "--header", header]), []
        while answer:
            (length,) = LENGTH.unpack_from(answer)
            shares.append(answer[LENGTH.size :][:length])
            answer = answer[LENGTH.size + length :]
        return shares

    def count(self, blocks, lead):
        """Sends all blocks what they are asked for, and tells the leading process what they answer."""
        self.tell_sums(lead, self.step("add", framed(*(self.step("count", framed(self.asked, block)) for block in blocks))))

    def tell_sums(self, lead, sums):
        self.largest["sums"] = max(self.largest["sums"], len(sums))
        self.passes += 1
        self.tell(lead, [sums])

    def lead(self, options):
        command = [sys.executable, "-c", LAUNCHER, self.folder / "lead", self.binary, "part", "lead", *options]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, lead, messages):
        lead.stdin.write(framed(*messages))
        lead.stdin.flush()

    def listen(self, lead):
        self.take(*(heard(lead) for _ in range(3)))

    def take(self, name, state, assignment):
        self.next, self.state = name.decode(), state or self.state
        self.asked = assignment or self.state
        for name, message in (("state", state), ("assignment", assignment)):
            self.largest[name] = max(self.largest[name], len(message))

    def alone(self, header, lines):
        (self.folder / "ratings.csv").write_text("\n".join([header, *lines, ""]))
        (self.folder / "movies.csv").write_bytes((ROOT / "data/movies.csv").read_bytes())
        options = ["--algorithm", "vb", *LEARNING, "--data", self.folder, "--output", self.folder / "model"]
        self.launched("train", ["train", *options], b"")
        files = [(self.folder / model / "model.safetensors").read_bytes() for model in ("parts", "model")]
        assert files[0] == files[1], "the models differ"
        print(f"the model: {len(files[0]) / 1e6:.1f} MB, the same bytes")

    def step(self, step, message=b"", options=()):
        return self.launched(step, ["part", step, *options], message)

    def launched(self, name, arguments, message):
        peak = self.folder / "peak"
        command = [sys.executable, "-c", LAUNCHER, peak, self.binary, *arguments]
        done = subprocess.run(command, input=message, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit(done.stderr.decode())
        self.peaks[name] = max(self.peaks.get(name, 0), int(peak.read_text()))
        return done.stdout


def heard(lead):
    return lead.stdout.read(*LENGTH.unpack(lead.stdout.read(LENGTH.size)))


def framed(*messages):
    """Each message after its length, and an empty one that marks the end."""
    return b"".join(LENGTH.pack(len(message)) + message for message in [*messages, b""])


if __name__ == "__main__":
    main()
