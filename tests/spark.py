"""Trains on a part of data/ with spark/train.py and Spark on this machine: tests/spark.py BINARY

The model has the same version as that of one process for any number of blocks, also if steps are killed. If a step refuses its
input, the job fails with the reason.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEARNING = ["-p", "n_factors=3", "-p", "n_epochs=2", "--seed", "5"]
# Two tasks at once, each of which may fail three times. Nobody else can reach them.
MASTER = ["--master", "local[2,4]", "--conf", "spark.ui.enabled=false", "--conf", "spark.log.level=ERROR"]
SPARK = {
    "PYSPARK_PYTHON": sys.executable,
    "PYSPARK_SUBMIT_ARGS": " ".join([*MASTER, "pyspark-shell"]),
    "PYTHONPATH": str(ROOT / "spark"),
    "SPARK_LOCAL_IP": "127.0.0.1",
}
# Ends the first process of some steps in the middle of its input.
KILLED = """#!/bin/sh
case $2 in
  divide|pack|arrange|pass)
    if mkdir {folder}/killed-$2 2>/dev/null; then
      head -c 2000 >/dev/null
      kill -9 $$
    fi ;;
esac
exec {binary} "$@"
"""
# While a pass is made, the leading process is killed.
LED = """#!/bin/sh
case $2 in
  lead) echo $$ >{folder}/lead ;;
  pass) kill -9 "$(cat {folder}/lead)" 2>/dev/null ;;
esac
exec {binary} "$@"
"""
# One pass of one model fails.
FAILING = """#!/bin/sh
if [ "$2" = pass ] && mkdir {folder}/failed 2>/dev/null; then
  echo "error: this pass fails" >&2
  exit 1
fi
exec {binary} "$@"
"""


def main():
    os.environ.update(SPARK)
    sys.path.insert(0, SPARK["PYTHONPATH"])
    with tempfile.TemporaryDirectory() as folder:
        Test(os.path.abspath(sys.argv[1]), pathlib.Path(folder)).run()


class Test:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.data = binary, folder, folder / "data"

    def run(self):
        self.write_data()
        self.train_alone(self.data, "alone")
        for blocks in (1, 2, 7):
            self.train(self.binary, f"{blocks} blocks", blocks)
        parts = [str(self.data / f"ratings/part-{part}.csv") for part in (0, 1)]
        self.train(self.binary, "2 blocks of two files", 2, "--ratings", *parts)
        self.parquet()
        self.line_ends()
        self.uploaded()
        self.killed()
        self.failing()
        self.lines_refused()
        self.executors()
        self.refused()

    def write_data(self):
        """Some users, in two parts, one of them with an id that needs quotes, and ratings that replace others. White space
        around an id is not part of it, and empty lines and files are skipped."""
        header, *lines = (ROOT / "data/ratings.csv").read_text().splitlines()
        lines = [line for line in lines if int(line.split(",")[0]) % 9 == 0]
        lines = [line.replace("9,", '"zoë, ""9""",', 1) if line.startswith("9,") else line for line in lines]
        lines += [line.replace("4.0,", "4.5,") for line in lines[::40]] + ["18,not listed,3.0,1000000000"]
        spaced = itertools.cycle(("18,", " 18\t,", "\u00a018,", "18\u2003,"))
        lines = [next(spaced) + line[3:] if line.startswith("18,") else line for line in lines]
        parts = self.data / "ratings"
        parts.mkdir(parents=True)
        for number, part in enumerate((lines[1::2], lines[::2])):
            (parts / f"part-{number}.csv").write_text("\n".join(["", header, *part, ""]), encoding="utf-8")
        (parts / "part-2.csv").write_text("")
        (self.data / "movies.csv").write_bytes((ROOT / "data/movies.csv").read_bytes())

    def train_alone(self, data, model):
        command = [self.binary, "train", "--algorithm", "vb", *LEARNING, "--data", data, "--output", self.folder / model]
        subprocess.run(command, check=True, capture_output=True)

    def train(self, binary, model, blocks, *options, alone="alone"):
        """Trains with Spark in this process. The output is a URI, as in a cluster."""
        import train

        arguments = self.arguments(binary, f"file://{self.folder / model}")
        train.main([*arguments, "--blocks", str(blocks), *options])
        alone, found = self.manifest(alone), self.manifest(model)
        assert found == alone, f"{model}:\n{found}\ninstead of\n{alone}"
        print(f"{model}: version {found['version']}, as in one process", flush=True)

    def arguments(self, binary, output):
        ratings, movies = str(self.data / "ratings"), str(self.data / "movies.csv")
        return ["--matinee", binary, "--ratings", ratings, "--movies", movies, "--output", output, *LEARNING]

    def manifest(self, model):
        """The manifest, except when it was written, and from which files of which time."""
        manifest = json.loads((self.folder / model / "manifest.json").read_text())
        assert manifest["data_as_of"] <= manifest["created_at"], manifest
        return {name: value for name, value in manifest.items() if name not in ("created_at", "data", "data_as_of")}

    def parquet(self):
        """The same ratings as Parquet, with columns of numbers."""
        from pyspark.sql import SparkSession

        reader = SparkSession.builder.getOrCreate().read.option("escape", '"')
        both = reader.csv(str(self.data / "ratings"), header=True, inferSchema=True)
        assert dict(both.dtypes)["rating"] == "double", both.dtypes
        for part in ("part-0", "part-1"):
            ratings = reader.csv(str(self.data / f"ratings/{part}.csv"), header=True, schema=both.schema)
            ratings.coalesce(1).write.parquet(str(self.folder / "parquet" / part))
            (written,) = (self.folder / "parquet" / part).glob("*.parquet")
            written.rename(self.folder / f"parquet/{part}.parquet")
        files = str(self.folder / "parquet/*.parquet")
        self.train(self.binary, "2 blocks of Parquet", 2, "--format", "parquet", "--ratings", files)

    def line_ends(self):
        """Parquet may have line ends in ids."""
        from pyspark.sql import SparkSession

        data, parquet = self.folder / "line-ends", self.folder / "line-ends.parquet"
        data.mkdir()
        texts = [path.read_text(encoding="utf-8") for path in self.data.glob("ratings/*.csv")]
        text = next(text for text in texts if ",not listed," in text).lstrip()
        (data / "ratings.csv").write_text(text.replace(",not listed,", ',"not\nlisted",'), encoding="utf-8")
        (data / "movies.csv").write_bytes((self.data / "movies.csv").read_bytes())
        self.train_alone(data, "line ends alone")
        reader = SparkSession.builder.getOrCreate().read.option("escape", '"').option("multiLine", True)
        reader.csv(str(data / "ratings.csv"), header=True).coalesce(1).write.parquet(str(parquet))
        options = ["--format", "parquet", "--ratings", str(parquet)]
        self.train(self.binary, "line ends in Parquet", 2, *options, alone="line ends alone")

    def uploaded(self):
        """Every file that a model has is uploaded, and the manifest comes last: without it, there is no model."""
        import train
        from pyspark.sql import SparkSession

        model, output = self.folder / "local", self.folder / "uploaded"
        model.mkdir()
        for name in ("manifest.json", "model.safetensors", "movies.csv", "users.bin"):
            (model / name).write_text(name)
        train.upload(SparkSession.builder.getOrCreate().sparkContext, str(model), f"file://{output}")
        times = {path.name: path.stat().st_mtime_ns for path in output.iterdir() if not path.name.startswith(".")}
        assert sorted(times) == ["manifest.json", "model.safetensors", "movies.csv", "users.bin"], times
        assert max(times, key=times.get) == "manifest.json", times

    def killed(self):
        """Steps that are killed are repeated, with the same result."""
        self.train(self.wrapper("killed", KILLED), "killed steps", 2)
        assert all((self.folder / f"killed-{step}").exists() for step in ("divide", "pack", "arrange", "pass"))

    def failing(self):
        """If a model or the leading process fails, the job does with the reason, although another model goes on."""
        import train

        ended = "error: `matinee part lead` was ended by signal 9; no model was written"
        for wrapper, reason in ((self.wrapper("failing", FAILING), "error: this pass fails"), (self.wrapper("led", LED), ended)):
            try:
                train.main(self.arguments(wrapper, str(self.folder / "failing model")))
                raise AssertionError(f"no failure: {reason}")
            except SystemExit as failure:
                assert str(failure) == reason, failure
            assert not (self.folder / "failing model").exists()
        print("a pass of one model fails, or the leading process is killed: the job fails with the reason")

    def wrapper(self, name, script):
        wrapper = self.folder / name
        wrapper.write_text(script.format(folder=self.folder, binary=self.binary))
        wrapper.chmod(0o755)
        return str(wrapper)

    def lines_refused(self):
        """Lines that cannot be divided among the blocks."""
        import train

        another = self.data / "ratings/part-3.csv"
        cases = {
            "movieId,userId,rating,timestamp\n1,2,4,5\n": "instead of the header",
            'userId,movieId,rating,timestamp\n"a\nb",1,4,5\n': "no field may have a line end",
            "userId,movieId,rating,timestamp\ncaf\u00e9,1,4,5\n": "not UTF-8",
        }
        for text, reason in cases.items():
            another.write_text(text, encoding="latin-1")
            try:
                train.main(self.arguments(self.binary, str(self.folder / "refused")))
                raise AssertionError(f"no refusal: {text}")
            except SystemExit as refusal:
                assert reason in str(refusal), refusal
        another.unlink()
        print("another header, a line end in quotes, bytes that are not UTF-8: the job fails with the reason")

    def executors(self):
        """Two executors with two cores each, which have one task each in a pass."""
        options = ["--master", "local-cluster[2,2,1024]", "--conf", "spark.executor.cores=2", "--conf", "spark.executor.memory=1g"]
        job = self.submitted(options, "executors", "--blocks", "4")
        assert job.returncode == 0 and self.manifest("executors") == self.manifest("alone"), job.stdout
        print("two executors: the same version")

    def submitted(self, options, model, *more):
        """The job, as it is submitted to a cluster."""
        submit = [pathlib.Path(sys.executable).parent / "spark-submit", *MASTER, *options, ROOT / "spark/train.py"]
        arguments = [*self.arguments(self.binary, str(self.folder / model)), *more]
        return subprocess.run([*submit, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def refused(self):
        """The job fails with the message of the step, and writes no model."""
        part = self.data / "ratings/part-1.csv"
        part.write_text(part.read_text(encoding="utf-8") + "18,2959,7.5,1000000000\n", encoding="utf-8")
        job = self.submitted([], "refused")
        assert job.returncode != 0 and "7.5 is not on the scale 0.5..5" in job.stdout, job.stdout
        assert "Traceback" not in job.stdout and not (self.folder / "refused").exists(), job.stdout
        print("an off-scale rating: the job fails with the reason")


if __name__ == "__main__":
    main()
