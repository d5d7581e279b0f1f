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

    def run(self, copies):
        header, *lines = (ROOT / "data/ratings.csv").read_text().splitlines()
        lines = [f"{copy}-{line}" for copy in range(copies) for line in lines]
        texts = [[] for _ in range(BLOCKS)]
        for place, line in enumerate(lines):
            texts[hash(line.split(",")[0]) % BLOCKS].append(f"{line},{place}")
        movies = ["--movies", ROOT / "data/movies.csv"]
        blocks = [self.step("pack", "\n".join([f"{header},place", *text]).encode()) for text in texts]
        state = self.step("begin", options=[*LEARNING, *movies])
        largest = {"state": 0, "sums": 0}
        passes = 0
        while not state.split(b"\n", 1)[0].endswith(b": done"):
            passed = [self.step("pass", framed(state, block)) for block in blocks]
            sums = self.step("add", framed(*passed))
            largest = {"state": max(largest["state"], len(state)), "sums": max(largest["sums"], len(sums))}
            state = self.step("solve", framed(state, sums))
            passes += 1
        users = [self.step("users", framed(state, block)) for block in blocks]
        parts = framed(state) + b"".join(framed(*pair) for pair in zip(blocks, users))
        self.step("finish", parts, ["--output", self.folder / "parts"])
        print(f"{len(lines)} ratings, {passes} passes, {BLOCKS} blocks")
        print(f"a rating in a block: {sum(map(len, blocks)) / len(lines):.1f} bytes")
        print(f"the state: {largest['state'] / 1e6:.1f} MB; the sums of all movies: {largest['sums'] / 1e6:.1f} MB")
        self.alone(header, lines)
        print("peak memory: " + ", ".join(f"{step} {peak / 1e6:.0f} MB" for step, peak in self.peaks.items()))

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


def framed(*messages):
    return b"".join(struct.pack("<Q", len(message)) + message for message in messages)


if __name__ == "__main__":
    main()
