"""Trains a model by `vb` on Apache Spark. Its version is that of `matinee train --algorithm vb` on the same ratings.

    spark-submit spark/train.py --matinee matinee --ratings ratings.csv --movies movies.csv --output model

Spark reads, shuffles, sums up, and repeats what was killed. All arithmetic is that of the static binary `matinee`, which is
sent along as a file, and which the tasks run as `matinee part`: see docs/scaling.md. Paths may be URIs like s3://bucket/key.
"""

import argparse
import math
import os
import struct
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from typing import NamedTuple

from pyspark import RDD, SparkFiles, StorageLevel
from pyspark.serializers import Serializer, SpecialLengths
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

# How CSV is written. By default, all control characters at the ends are taken for white space.
AS_IT_IS = {"escape": '"', "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}
MANIFEST = "manifest.json"  # A model is whole when its manifest is there.
LENGTH = "<Q"  # Of a message, in bytes.
END = struct.pack("!i", SpecialLengths.END_OF_DATA_SECTION)  # What comes after the last string from the JVM.
MOST_SUMS = 4  # If there are more, groups of them are added up first, so that the driver gets fewer.


def main(given=None):
    args = arguments(given)
    spark = SparkSession.builder.appName("matinee").getOrCreate()
    context = spark.sparkContext
    context.addFile(args.matinee)
    run = partial(kernel, os.path.basename(args.matinee))
    with tempfile.TemporaryDirectory() as folder:
        local = "://" not in args.output
        model = args.output if local else os.path.join(folder, "model")
        with Lead(SparkFiles.get(run.args[0]), [*options(context, args, folder), "--output", model]) as lead:
            blocks = packed(spark, run, args).persist(StorageLevel.MEMORY_AND_DISK)
            learned = learn(context, run, blocks, lead)
            write(context, run, blocks, lead, learned)
        if not local:
            upload(context, model, args.output)


def arguments(given):
    parser = argparse.ArgumentParser(description="Trains a model by `vb` on Apache Spark.")
    parser.add_argument("--matinee", required=True, help="the static binary, for the processor of the machines")
    parser.add_argument("--ratings", required=True, nargs="+", help="ratings, as CSV or Parquet: files or folders")
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv", help="of the ratings")
    parser.add_argument("--movies", help="the catalogue")
    parser.add_argument("--links", help="links to other catalogues")
    parser.add_argument("--titles-from-ids", action="store_true", help="without a catalogue, ids are titles")
    parser.add_argument("--output", required=True, help="the folder for the model")
    parser.add_argument("--blocks", type=int, help="the number of blocks of users; it does not change the model")
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--hold-out", default="0.1", metavar="SHARE")
    parser.add_argument("--scale", default="0.5..5", metavar="LOW..HIGH")
    parser.add_argument("--training-job", metavar="NAME")
    return parser.parse_args(given)


class Step(NamedTuple):
    """What comes next for a model. The state is empty if it is the same for the blocks as before. What blocks are asked is the
    state or, while the model is learned, the assignment for the pass, which is a part of it."""

    name: str
    state: bytes
    asked: bytes


class Lead:
    """The process that decides what is computed, and that writes the model. It runs as long as the job."""

    def __init__(self, program, options):
        command = [program, "part", "lead", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lock, self.failure = threading.Lock(), None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def step(self):
        """What comes next."""
        name, state, assignment = (self.heard() for _ in range(3))
        return Step(name.decode(), state, assignment or state)

    def after(self, sums):
        """What comes next for a model, after these sums of a pass. Other models wait for as long as that takes. If the process
        has failed, they fail for the same reason."""
        with self.lock:
            try:
                if self.failure is None:
                    self.tell([*sums, b""])
                    return self.step()
            except BaseException as failure:
                self.failure = failure
            raise self.failure

    def heard(self):
        (length,) = struct.unpack(LENGTH, self.read(struct.calcsize(LENGTH)))
        return self.read(length)

    def read(self, length):
        found = self.process.stdout.read(length)
        if len(found) < length:
            self.end()
            sys.exit("error: `matinee part lead` has ended too early; no model was written")
        return found

    def tell(self, messages):
        try:
            self.process.stdin.writelines(framed(messages))
            self.process.stdin.flush()
        except BrokenPipeError:
            self.end()

    def end(self):
        """Prints what the process has still to say, and ends the job if it has failed."""
        rest, _ = self.process.communicate()
        print(rest.decode(errors="replace"), end="")
        if code := self.process.returncode:
            reason = f"was ended by signal {-code}" if code < 0 else "has failed"
            sys.exit(f"error: `matinee part lead` {reason}; no model was written")


def options(context, args, folder):
    """What the leading process needs to know. Its files are copied to the folder."""
    given = ["--seed", args.seed, "--hold-out", args.hold_out, "--scale", args.scale]
    given += [option for parameter in args.parameter for option in ("-p", parameter)]
    given += ["--titles-from-ids"] if args.titles_from_ids else []
    given += ["--training-job", args.training_job] if args.training_job else []
    for option, path in (("--movies", args.movies), ("--links", args.links)):
        if path:
            copy = os.path.join(folder, option.strip("-") + "-" + os.path.basename(path))
            with open(copy, "wb") as file:
                file.write(context.binaryFiles(path).values().first())
            given += [option, copy]
    return given


def kernel(program, step, messages, options=(), plain=False, threads=1):
    """What a step of `matinee part` prints, or as a string, why it refuses its input. A step refuses with the reason that it
    gets instead of a message. If the step is killed, the task fails, and Spark repeats it. Plain messages are not framed.
    It has one thread if the other cores have tasks of their own."""
    if not plain and (reason := refusal(messages)):
        return reason
    sys.path_importer_cache.clear()  # Otherwise, Spark reads the lists of its zip files again before each task.
    command = [SparkFiles.get(program), "part", step, *options]
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads)}
    with in_memory() as given, in_memory() as printed:
        given.writelines(messages if plain else framed([*messages, b""]))
        given.seek(0)
        done = subprocess.run(command, stdin=given, stdout=printed, stderr=subprocess.PIPE, env=environment)
        printed.seek(0)
        answer = printed.read()
    if done.returncode < 0:
        raise RuntimeError(f"matinee part {step} was ended by signal {-done.returncode}")
    return answer if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


def refusal(messages):
    return next((message for message in messages if isinstance(message, str)), None)


def in_memory():
    """A file in memory, where the system has that. Through a pipe, `subprocess` would send 4 KiB at a time."""
    return open(os.memfd_create("message"), "w+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


def framed(messages):
    """Each message after its length. An empty one marks the end of several."""
    return (part for message in messages for part in (struct.pack(LENGTH, len(message)), message))


def unframed(answer):
    """The messages of a step that prints several."""
    at, size = 0, struct.calcsize(LENGTH)
    while at < len(answer):
        (length,) = struct.unpack_from(LENGTH, answer, at)
        at += size + length
        yield answer[at - length : at]


def checked(message):
    """The message, unless it says why a step refused its input."""
    if isinstance(message, str):
        sys.exit(message)
    return message


def packed(spark, run, args):
    """The blocks. Each has all ratings of its users."""
    header, lines = from_parquet(spark, args) if args.format == "parquet" else from_csv(spark, args)
    cores = spark.sparkContext.defaultParallelism
    # A multiple of the cores, so that the tasks of a pass end at about the same time.
    count = args.blocks or cores * max(1, lines.getNumPartitions() // cores)
    dividing = ["--blocks", str(count), "--header", header]
    dividing += ["--without-headers"] if args.format == "parquet" else []
    names = f"{header},place\n".encode()

    def divide(number, part):
        answer = run("divide", part, dividing, plain=True)
        shares = [answer] if isinstance(answer, str) else unframed(answer)
        return [(block, (number, share)) for block, share in enumerate(shares) if share]

    def pack(numbered):
        # Nearly in the order of the files, so that `pack` has less to sort.
        shares = [share for _, (_, share) in sorted(numbered, key=lambda pair: pair[1][0])]
        if reason := refusal(shares):
            return [reason]
        return [run("pack", [names, *shares], ["--scale", args.scale], plain=True)] if shares else []

    return lines.mapPartitionsWithIndex(divide).partitionBy(count, int).mapPartitions(pack)


def from_csv(spark, args):
    """The header of the files, and their lines. The place of a line is where its part of the files begins."""
    text = spark.read.text(args.ratings)
    begins = F.col("_metadata.file_block_start")
    first = text.where((begins == 0) & (F.col("value") != "")).first()
    if first is None:
        sys.exit("error: there are no ratings to learn from")
    if "\0" in first["value"]:
        sys.exit(f"error: the ratings {' '.join(args.ratings)} are not UTF-8; save them as UTF-8")
    return first["value"], lines_of(text, begins, F.col("value"))


def from_parquet(spark, args):
    """The same of files with columns of any type. The place of a line is its own."""
    ratings = spark.read.parquet(*args.ratings)
    header = ",".join('"' + column.replace('"', '""') + '"' for column in ratings.columns)
    fields = [F.col("`" + column.replace("`", "``") + "`").cast("string") for column in ratings.columns]
    return header, lines_of(ratings, F.col("_metadata.row_index"), F.to_csv(F.struct(*fields), AS_IT_IS))


def lines_of(frame, place, text):
    """The lines as `matinee part divide` reads them."""
    spark = frame.sparkSession
    numbers = (item for pair in enumerate(sorted(frame.inputFiles())) for item in reversed(pair))
    number = F.create_map(*map(F.lit, numbers))[F.input_file_name()]
    place = number.cast("long") * (1 << 40) + place
    lines = frame.select(F.concat(place.cast("string"), F.lit(" "), text))
    of_strings = getattr(lines._jdf, "as")(spark._jvm.org.apache.spark.sql.Encoders.STRING())
    return RDD(of_strings.toJavaRDD(), spark.sparkContext, Strings())


class Strings(Serializer):
    """Strings from the JVM as they come, each after its length: many in a piece, none of which is looked at."""

    def load_stream(self, stream):
        while True:
            there = stream.peek()
            end = there.find(END)
            if end < 0:
                # It may begin with the last bytes of the piece. No other bytes are like it: those of UTF-8 are below 255.
                end = len(there.rstrip(END[:1]))
            piece = stream.read(end or len(END))
            if piece == END:
                return
            if not piece:
                raise EOFError
            yield piece


def learn(context, run, blocks, lead):
    """Learns all models, and returns the state in which they are learned. While the sums of one model are on their way, the
    machines pass over the blocks for another one."""
    lead.tell([*counted(context, run, blocks, lead.step()), b""])
    steps = [lead.step() for _ in range(int(lead.heard()))]
    failures = []

    def learned(step):
        try:
            return learn_model(context, run, blocks, lead, step)
        except BaseException as failure:
            failures.append(failure)
            raise

    with ThreadPoolExecutor(len(steps)) as threads:
        models = [threads.submit(learned, step) for step in steps]
        try:
            wait(models, return_when=FIRST_EXCEPTION)
        finally:
            end_early(context, lead, models)
    for failure in failures:
        raise failure  # The first one, and not what it has led to.
    return next(state for model in models if (state := model.result()))  # The last one that is done has it.


def end_early(context, lead, models):
    """Ends what still runs, because one model has failed, or because the job is interrupted."""
    if wait(models, timeout=0).not_done:
        lead.process.kill()
        # What begins after one call is ended by the next.
        while wait(models, timeout=0.5).not_done:
            context.cancelAllJobs()


def learn_model(context, run, blocks, lead, step):
    """What a model learns from is the same in all its passes, so it is arranged once. In a pass, an executor has one task with
    all its cores, because the sums of a task are as large with one core."""
    step = lead.after(counted(context, run, blocks, step))
    if step.name.startswith("learning"):
        state = context.broadcast(step.state)
        arranged = blocks.map(lambda block: run("arrange", [state.value, block])).persist(StorageLevel.MEMORY_AND_DISK)
        arranged.foreachPartition(lambda own: sum(1 for _ in own))  # All cores arrange.
        while step.name.startswith("learning"):
            executors, cores = executors_and_cores(context)
            gathered = arranged.coalesce(executors) if cores > 1 else arranged
            step = lead.after(add_up(context, run, step, partial(sums_of_pass, run, gathered, cores)))
        arranged.unpersist()
        state.destroy()
    return step.state


def executors_and_cores(context):
    """How many executors there are now, and how many cores each of them has, if that is known."""
    if context.master == "local" or context.master.startswith("local["):
        return 1, min(context.defaultParallelism, os.cpu_count())
    infos = context._jsc.sc().statusTracker().getExecutorInfos()  # The driver is one of them.
    return max(1, len(infos) - 1), int(context.getConf().get("spark.executor.cores", "1"))


def counted(context, run, blocks, step):
    return add_up(context, run, step, lambda asked: blocks.map(lambda block: run("count", [asked.value, block])))


def sums_of_pass(run, arranged, cores, assignment):
    """The sums of a pass over the blocks of each executor."""

    def passed(blocks):
        blocks = list(blocks)
        return [run("pass", [assignment.value, *blocks], threads=cores)] if blocks else []

    return arranged.mapPartitions(passed)


def add_up(context, run, step, sums_of):
    """Sends what is asked for to all blocks. Returns their answers, added up to a few if there are many."""
    print(step.name, file=sys.stderr)
    asked = context.broadcast(step.asked)
    sums = sums_of(asked)
    if sums.getNumPartitions() > MOST_SUMS:
        groups = sums.coalesce(math.isqrt(sums.getNumPartitions()), shuffle=True)
        sums = groups.mapPartitions(lambda group: [run("add", messages)] if (messages := list(group)) else [])
    messages = [checked(message) for message in sums.collect()]
    asked.destroy()
    if not messages:
        sys.exit("error: there are no ratings to learn from")
    return messages


def write(context, run, blocks, lead, learned):
    """Writes the model. One block after the other is sent to the leading process."""
    print("writing the model", file=sys.stderr)
    state = context.broadcast(learned)
    with_users = blocks.map(lambda block: (block, run("users", [state.value, block])))
    for block, users in with_users.toLocalIterator(prefetchPartitions=True):
        lead.tell([block, checked(users)])
    lead.tell([b""])
    lead.end()


def upload(context, model, output):
    hadoop = context._jvm.org.apache.hadoop.fs
    folder = hadoop.Path(output)
    system = folder.getFileSystem(context._jsc.hadoopConfiguration())
    for name in sorted(os.listdir(model), key=lambda name: name == MANIFEST):
        system.copyFromLocalFile(False, True, hadoop.Path(os.path.join(model, name)), hadoop.Path(folder, name))


if __name__ == "__main__":
    main()
