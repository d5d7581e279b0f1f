"""ALS of Spark's MLlib, on ratings or on the residuals of their biases: spark-submit mllib.py RATINGS.csv --on ratings

If the ratings have a column `fold`, each fold is tested in turn; otherwise a tenth of them, drawn at random, is tested. Prints
a line of JSON for each model. Its times are those of fitting: the files were read before.
"""

import argparse
import json
import os
import pathlib
import re
import time

from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

RANK = 16
# That many ratings of the mean are added to those of a user or movie.
DAMPING = 5
TESTED_SHARE = 0.1


def main():
    args = arguments()
    spark = SparkSession.builder.appName("MLlib").getOrCreate()
    ratings = spark.read.csv(args.ratings, header=True, inferSchema=True)
    if "fold" not in ratings.columns:
        ratings = ratings.withColumn("fold", F.when(F.rand(0) < TESTED_SHARE, 0))
    ratings = ratings.withColumn("fold", F.coalesce("fold", F.lit(-1))).cache()
    folds = sorted(row.fold for row in ratings.select("fold").distinct().collect() if row.fold >= 0)
    for regularization in args.regularization:
        for fold in folds:
            train, test = ratings.where(F.col("fold") != fold).cache(), ratings.where(F.col("fold") == fold).cache()
            train.count(), test.count()
            model = {"regularization": regularization, "fold": fold, **tested(args, train, test, regularization)}
            print(json.dumps({"on": args.on, **model}), flush=True)
            train.unpersist(), test.unpersist()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("ratings")
    parser.add_argument("--on", choices=["ratings", "residuals"], required=True)
    parser.add_argument("--regularization", type=float, nargs="+", required=True)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--scale", type=float, nargs=2, default=[0.5, 5])
    return parser.parse_args()


def tested(args, train, test, regularization):
    """The errors of a model, and what it took to fit it."""
    begin = time.perf_counter(), processor_seconds()
    als = ALS(rank=RANK, maxIter=args.iterations, regParam=regularization, seed=0, userCol="userId", itemCol="movieId")
    if args.on == "residuals":
        rest = F.col("rating") - F.col("biases")
        model = als.setRatingCol("rest").fit(biases(train)(train).withColumn("rest", rest))
        predicted = F.col("biases") + F.col("prediction")
    else:
        model = als.fit(train)
        predicted = F.col("prediction")
    fitted = time.perf_counter(), processor_seconds()
    # ALS predicts NaN if it has not seen the user or the movie. Then the biases stand alone.
    predicted = F.coalesce(F.nanvl(predicted, F.lit(None)), F.col("biases"))
    low, high = map(F.lit, args.scale)
    error = F.least(F.greatest(predicted, low), high) - F.col("rating")
    errors = [F.sqrt(F.avg(error * error)).alias("rmse"), F.avg(F.abs(error)).alias("mae")]
    found = biases(train)(model.transform(test)).agg(*errors).first().asDict()
    used = {"wall": fitted[0] - begin[0], "fit": fitted[1] - begin[1], "predict": processor_seconds() - fitted[1]}
    return found | used | {"memory": peak_megabytes()}


def biases(train):
    """Adds the column `biases`: the mean of all ratings, plus the damped means of what is left of the movie's and the user's."""
    mean = train.agg(F.avg("rating")).first()[0]

    def damped(rest, name):
        return (F.sum(rest) / (F.count(rest) + DAMPING)).alias(name)

    movies = train.groupBy("movieId").agg(damped(F.col("rating") - mean, "of_movie"))
    rest = F.col("rating") - mean - F.col("of_movie")
    users = train.join(movies, "movieId").groupBy("userId").agg(damped(rest, "of_user"))

    def with_biases(rows):
        both = rows.join(movies, "movieId", "left").join(users, "userId", "left").fillna(0, ["of_movie", "of_user"])
        return both.withColumn("biases", mean + F.col("of_movie") + F.col("of_user"))

    return with_biases


def processor_seconds():
    """Of this process, and of the JVM that has started it and does the work."""
    fields = pathlib.Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(") ")[2].split()
    return time.process_time() + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes():
    statuses = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in (os.getpid(), os.getppid())]
    return sum(int(re.search(r"VmHWM:\s*(\d+)", status)[1]) for status in statuses) / 1024


if __name__ == "__main__":
    main()
