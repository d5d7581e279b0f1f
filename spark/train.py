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
from functools import partial

from pyspark import RDD, SparkFiles, StorageLevel
from pyspark.serializers import UTF8Deserializer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

USER = ["userid", "user", "uid"]  # The names of the column, as `matinee` knows them.
# How CSV is written. By default, all control characters at the ends are taken for white space.
AS_IT_IS = {"escape": '"', "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}
ASCII_SPACE = " \t\n\v\f\r"
MANIFEST = "manifest.json"  # A model is whole when its manifest is there.
LENGTH = "<Q"  # Of a message, in bytes.
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
            learn(context, run, blocks, lead)
            write(context, run, blocks, lead)
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


class Lead:
    """The process that decides what is computed, and that writes the model. It runs as long as the job."""

    def __init__(self, program, options):
        command = [program, "part", "lead", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.state = None
        self.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def listen(self):
        """Hears what comes next, and what to send to the blocks for it: while a model is learned, the assignment for the pass,
        which is a part of the state."""
        step, state, assignment = (self.heard() for _ in range(3))
        self.step = step.decode()
        self.state = state or self.state
        self.asked = assignment or self.state

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


def kernel(program, step, messages, options=(), plain=False):
    """What a step of `matinee part` prints, or as a string, why it refuses its input. A step refuses with the reason that it
    gets instead of a message. If the step is killed, the task fails, and Spark repeats it."""
    for message in messages:
        if isinstance(message, str):
            return message
    sys.path_importer_cache.clear()  # Otherwise, Spark reads the lists of its zip files again before each task.
    command = [SparkFiles.get(program), "part", step, *options]
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}  # The other cores have other tasks.
    with in_memory() as given, in_memory() as printed:
        given.writelines(messages if plain else framed([*messages, b""]))
        given.seek(0)
        done = subprocess.run(command, stdin=given, stdout=printed, stderr=subprocess.PIPE, env=environment)
        printed.seek(0)
        answer = printed.read()
    if done.returncode < 0:
        raise RuntimeError(f"matinee part {step} was ended by signal {-done.returncode}")
    return answer if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


def in_memory():
    """A file in memory, where the system has that. Through a pipe, `subprocess` would send 4 KiB at a time."""
    return open(os.memfd_create("message"), "w+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


def framed(messages):
    """Each message after its length. An empty one marks the end of several."""
    return (part for message in messages for part in (struct.pack(LENGTH, len(message)), message))


def checked(message):
    """The message, unless it says why a step refused its input."""
    if isinstance(message, str):
        sys.exit(message)
    return message


def packed(spark, run, args):
    """The blocks. Each has all ratings of its users, in the order of the files."""
    ratings, place = placed(spark, args)
    user = next((column for name in USER for column in ratings.columns if letters(column) == name), None)
    if user is None:
        sys.exit(f"error: {' '.join(args.ratings)} has no column `userId`, but {', '.join(ratings.columns)}")
    id_of_user = trimmed(F.col(quoted(user)).cast("string"))
    fields = [F.col(quoted(column)).cast("string") for column in ratings.columns]
    lines = ratings.select(
        id_of_user.alias("user"),
        place.alias("place"),
        F.to_csv(F.struct(*fields, place.cast("string").alias("place")), AS_IT_IS).alias("line"),
    )
    cores = spark.sparkContext.defaultParallelism
    # A multiple of the cores, so that the tasks of a pass end at about the same time.
    count = args.blocks or cores * max(1, ratings.rdd.getNumPartitions() // cores)
    in_blocks = texts(lines.repartition(count, "user").sortWithinPartitions("place").select("line"))
    header = ",".join('"' + column.replace('"', '""') + '"' for column in [*ratings.columns, "place"]).encode()
    scale = ["--scale", args.scale]

    def pack(rows):
        if lines := list(rows):
            yield run("pack", [b"\n".join([header, *lines, b""])], scale, plain=True)

    return in_blocks.mapPartitions(pack)


def trimmed(text):
    """Without white space at its ends. The general way is slow, and most ids are ASCII."""
    is_ascii = F.length(text) == F.octet_length(text)
    return F.when(is_ascii, F.btrim(text, F.lit(ASCII_SPACE))).otherwise(F.regexp_replace(text, r"(?U)^\s+|\s+$", ""))


def texts(frame):
    """The texts of a frame of one column, as bytes. They come from the JVM as they are, and not as pickled rows."""
    spark = frame.sparkSession
    of_strings = getattr(frame._jdf, "as")(spark._jvm.org.apache.spark.sql.Encoders.STRING())
    return RDD(of_strings.toJavaRDD(), spark.sparkContext, UTF8Deserializer(use_unicode=False))


def placed(spark, args):
    """The ratings, and the place of each: the number of the file, and then the number of the row or where it begins."""
    if args.format == "parquet":
        ratings = spark.read.parquet(*args.ratings)
        row = F.col("_metadata.row_index")
    else:
        reader = spark.read.option("header", True).option("escape", '"').option("enforceSchema", False)
        ratings = reader.option("mode", "FAILFAST").csv(args.ratings)
        # Rows are numbered within a part of a file, which has more bytes than rows.
        row = F.col("_metadata.file_block_start") + F.monotonically_increasing_id().bitwiseAND((1 << 33) - 1)
    numbers = (item for pair in enumerate(sorted(ratings.inputFiles())) for item in reversed(pair))
    number = F.create_map(*map(F.lit, numbers))[F.input_file_name()]
    return ratings, number.cast("long") * (1 << 40) + row


def letters(name):
    return "".join(filter(str.isalnum, name)).lower()


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def learn(context, run, blocks, lead):
    """Learns all models. What a model learns from is the same in all its passes, so it is arranged once."""
    while lead.step != "done":
        while lead.step.startswith("counting"):
            add_up(context, run, "count", blocks, lead)
        state = context.broadcast(lead.state)
        arranged = blocks.map(lambda block: run("arrange", [state.value, block])).persist(StorageLevel.MEMORY_AND_DISK)
        while lead.step.startswith("learning"):
            add_up(context, run, "pass", arranged, lead)
        arranged.unpersist()
        state.destroy()


def add_up(context, run, step, blocks, lead):
    """Sends all blocks what they are asked for, and tells the leading process what they answer."""
    print(lead.step, file=sys.stderr)
    asked = context.broadcast(lead.asked)
    sums = blocks.map(lambda block: run(step, [asked.value, block]))
    if blocks.getNumPartitions() > MOST_SUMS:
        groups = sums.coalesce(math.isqrt(blocks.getNumPartitions()), shuffle=True)
        sums = groups.mapPartitions(lambda group: [run("add", messages)] if (messages := list(group)) else [])
    messages = [checked(message) for message in sums.collect()]
    asked.destroy()
    if not messages:
        sys.exit("error: there are no ratings to learn from")
    lead.tell([*messages, b""])
    lead.listen()


def write(context, run, blocks, lead):
    """Writes the model. One block after the other is sent to the leading process."""
    state = context.broadcast(lead.state)
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
