"""Trains on the same ratings in one process, on Spark, and by MLlib's ALS, and compares time and memory: see run.sh

    compare.py MATINEE DATA FOLDER
"""

import json
import os
import pathlib
import sys

from measured import measured

HERE = pathlib.Path(__file__).resolve().parent
SUBMIT = [
    pathlib.Path(sys.executable).parent / "spark-submit",
    *("--master", "local[2]", "--driver-memory", os.environ.get("DRIVER_MEMORY", "6g")),
    *("--conf", "spark.ui.enabled=false", "--conf", "spark.log.level=ERROR"),
]  # fmt: skip
# The best of 0.02, 0.05, 0.07, 0.1, 0.15 and 0.2 on a million generated ratings.
REGULARIZATION = {"ratings": "0.07", "residuals": "0.07"}
# What is printed before and after the model that is measured is learned.
BEGIN, END = "learning without the hold-out", "learning from all ratings"
# On Spark, the two models are learned at the same time.
BOTH, LEARNED = 2, "writing the model"
GOALS = {"one process": 1.5, "MLlib": 1.2}


def main(binary, data, folder):
    data, folder = pathlib.Path(data), pathlib.Path(folder)
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder)}
    train = [binary, "train", "--algorithm", "vb", "--threads", "2", "--data", data, "--output", folder / "alone"]
    files = ["--ratings", data / "ratings.csv", "--movies", data / "movies.csv", "--output", folder / "spark"]
    alone = measured(train, environment)
    spark = measured([*SUBMIT, HERE.parent.parent / "spark/train.py", "--matinee", binary, *files], environment)
    manifests = [json.loads((folder / name / "manifest.json").read_text()) for name in ("alone", "spark")]
    versions = [manifest["version"] for manifest in manifests]
    assert versions[0] == versions[1], f"the versions of the models differ: {versions}"
    counts, hold_out = manifests[0]["counts"], manifests[0]["metrics"]["hold_out"]["rmse"]
    print("{ratings} ratings by {users} users, {rated_movies} movies; model {} from both".format(versions[0], **counts))
    jobs = {"matinee train, one process": (alone, learning(alone), hold_out)}
    jobs["spark/train.py"] = (spark, learning_on_spark(spark), hold_out)
    for on, regularization in REGULARIZATION.items():
        command = [*SUBMIT, HERE / "mllib.py", data / "ratings.csv", "--on", on, "--regularization", regularization]
        job = measured(command, environment)
        [model] = [json.loads(line.text) for line in job.lines if line.text.startswith("{")]
        jobs[f"MLlib ALS on {on}"] = (job, (model["wall"], model["fit"]), model["rmse"])
    tell(jobs)


def learning(job):
    """The seconds and processor seconds in which the model that is measured was learned."""
    begin, end = (next(line for line in job.lines if text in line.text) for text in (BEGIN, END))
    return end.wall - begin.wall, end.cpu - begin.cpu


def learning_on_spark(job):
    """Half of the seconds and processor seconds in which both models were learned."""
    begin = next(line for line in job.lines if BEGIN in line.text or END in line.text)
    end = next(line for line in job.lines if LEARNED in line.text)
    return (end.wall - begin.wall) / BOTH, (end.cpu - begin.cpu) / BOTH


def tell(jobs):
    print(f"{'':<28} {'the whole command':^28}  {'one model on 90 %':^17}")
    print(f"{'':<28} {'wall, s':>8} {'CPU, s':>8} {'peak, MB':>10}  {'wall, s':>8} {'CPU, s':>8}  {'RMSE':>7}")
    for name, (job, (wall, cpu), rmse) in jobs.items():
        print(f"{name:<28} {job.wall:>8.1f} {job.cpu:>8.1f} {job.megabytes:>10.0f}  {wall:>8.1f} {cpu:>8.1f}  {rmse:>7.4f}")
    print("\nMLlib fits one model and no ranking head, so it is compared with the passes that learn one model from 90 %.")
    print("On Spark, two models are learned at the same time, on 90 % and on all ratings. One took half of that time.")
    alone, spark, *peers = jobs.values()
    ratio("whole command, Spark / one process", spark[0][1:3], alone[0][1:3], GOALS["one process"])
    ratio("one model, Spark / one process", spark[1], alone[1], GOALS["one process"])
    for name, peer in zip(list(jobs)[2:], peers):
        ratio(f"one model, Spark / {name}", spark[1], peer[1], GOALS["MLlib"])


def ratio(name, own, other, goal):
    wall, cpu = (one / two for one, two in zip(own, other))
    print(f"{name:<46} wall {wall:>6.2f}  CPU {cpu:>6.2f}  goal {goal}")


if __name__ == "__main__":
    main(*sys.argv[1:])
