"""Trains a model by `vb` on Apache Spark. Its version is that of `matinee train --algorithm vb` on the same ratings.

    spark-submit spark/train.py --matinee matinee --ratings ratings.csv --movies movies.csv --output model

Spark reads, shuffles, sums up, and repeats what was killed. All arithmetic is that of the static binary `matinee`, which is
sent along as a file, and which the tasks run as `matinee part`: see docs/scaling.md. Paths may be URIs like s3://bucket/key.
"""

import argparse
import os
import struct
import subprocess
import sys
import tempfile
from functools import partial

from pyspark import SparkFiles, StorageLevel, TaskContext
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

USER = ["userid", "user", "uid"]  # The names of the column, as `matinee` knows them.
MANIFEST = "manifest.json"  # A model is whole when its manifest is there.


def main(given=None):
    args = arguments(given)
    spark = SparkSession.builder.appName("matinee").getOrCreate()
    context = spark.sparkContext
    context.addFile(args.matinee)
    run = partial(kernel, os.path.basename(args.matinee))
    state = checked(first_state(context, run, args))
    blocks = packed(spark, run, args).persist(StorageLevel.MEMORY_AND_DISK)
    state = learned(context, run, blocks, state)
    with tempfile.TemporaryDirectory() as folder:
        local = "://" not in args.output
        model = args.output if local else os.path.join(folder, "model")
        write(context, run, blocks, state, model)
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


def kernel(program, step, messages=(), options=(), plain=False):
    """What a step of `matinee part` prints, or as a string, why it refuses its input. A step refuses with the reason that it
    gets instead of a message. If the step is killed, the task fails, and Spark repeats it."""
    for message in messages:
        if isinstance(message, str):
            return message
    framed = messages if plain else (part for message in messages for part in frame(message))
    one_core = {"RAYON_NUM_THREADS": "1"} if TaskContext.get() else {}
    done = subprocess.run(
        [SparkFiles.get(program), "part", step, *options],
        input=b"".join(framed),
        capture_output=True,
        env={**os.environ, **one_core},
    )
    if done.returncode < 0:
        raise RuntimeError(f"matinee part {step} was ended by signal {-done.returncode}")
    return done.stdout if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


def frame(message):
    return struct.pack("<Q", len(message)), message


def checked(message):
    """The message, unless it says why a step refused its input."""
    if isinstance(message, str):
        sys.exit(message)
    return message


def first_state(context, run, args):
    options = ["--seed", args.seed, "--hold-out", args.hold_out, "--scale", args.scale]
    options += [option for parameter in args.parameter for option in ("-p", parameter)]
    options += ["--titles-from-ids"] if args.titles_from_ids else []
    options += ["--training-job", args.training_job] if args.training_job else []
    with tempfile.TemporaryDirectory() as folder:
        for option, path in (("--movies", args.movies), ("--links", args.links)):
            if path:
                local = os.path.join(folder, os.path.basename(path))
                with open(local, "wb") as file:
                    file.write(context.binaryFiles(path).values().first())
                options += [option, local]
        return run("begin", options=options)


def packed(spark, run, args):
    """The blocks. Each has all ratings of its users, in the order of the files."""
    ratings, place = placed(spark, args)
    user = next((column for name in USER for column in ratings.columns if letters(column) == name), None)
    if user is None:
        sys.exit(f"error: {' '.join(args.ratings)} has no column `userId`, but {', '.join(ratings.columns)}")
    id_of_user = F.regexp_replace(F.col(quoted(user)).cast("string"), r"(?U)^\s+|\s+$", "")
    fields = [F.col(quoted(column)).cast("string") for column in ratings.columns]
    lines = ratings.select(
        id_of_user.alias("user"),
        place.alias("place"),
        F.to_csv(F.struct(*fields, place.cast("string").alias("place")), {"escape": '"'}).alias("line"),
    )
    count = args.blocks or max(spark.sparkContext.defaultParallelism, ratings.rdd.getNumPartitions())
    in_blocks = lines.repartition(count, "user").sortWithinPartitions("place").select("line").rdd
    header = ",".join('"' + column.replace('"', '""') + '"' for column in [*ratings.columns, "place"])
    options = ["--scale", args.scale]

    def pack(rows):
        text = "\n".join(row.line for row in rows)
        if text:
            yield run("pack", [f"{header}\n{text}\n".encode()], options, plain=True)

    return in_blocks.mapPartitions(pack)


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


def learned(context, run, blocks, state):
    """The last state. Each pass sends the state to all blocks, and adds up what they answer."""

    def added(one, other):
        return one or other if one is None or other is None else run("add", [one, other])

    while (status := state.split(b"\n", 1)[0].decode()) and not status.endswith(": done"):
        print(status, file=sys.stderr)
        sent = context.broadcast(state)
        sums = blocks.map(lambda block: run("pass", [sent.value, block])).treeAggregate(None, added, added)
        sent.destroy()
        if sums is None:
            sys.exit("error: there are no ratings to learn from")
        state = checked(run("solve", [state, checked(sums)]))
    return state


def write(context, run, blocks, state, model):
    """Writes the model. One block after the other is sent to the driver."""
    sent = context.broadcast(state)
    finish = [SparkFiles.get(run.args[0]), "part", "finish", "--output", model]
    process = subprocess.Popen(finish, stdin=subprocess.PIPE)
    with_users = blocks.map(lambda block: (block, run("users", [sent.value, block])))
    try:
        with process.stdin as pipe:
            pipe.writelines(frame(state))
            for block, users in with_users.toLocalIterator(prefetchPartitions=True):
                pipe.writelines([*frame(block), *frame(checked(users))])
    except BrokenPipeError:
        pass  # Its error was printed.
    if process.wait():
        sys.exit("error: the model was not written")


def upload(context, model, output):
    hadoop = context._jvm.org.apache.hadoop.fs
    folder = hadoop.Path(output)
    system = folder.getFileSystem(context._jsc.hadoopConfiguration())
    for name in sorted(os.listdir(model), key=lambda name: name == MANIFEST):
        system.copyFromLocalFile(False, True, hadoop.Path(os.path.join(model, name)), hadoop.Path(folder, name))


if __name__ == "__main__":
    main()
