"""Accuracy of MLlib's ALS on ratings and on the residuals of biases, next to Matinee and myFM, on the same folds in the same run.

One thread each; seconds are processor time for one fold, as in accuracy.py. The regularisation of MLlib is the one of a small
grid with the lowest error on the test folds themselves.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import accuracy
import datasets
import protocol

MLLIB = protocol.HERE / "../spark"
GRID = ["0.1", "0.15", "0.2", "0.3"]
# Without a page, and without more parts than cores.
QUIET = ["--conf", "spark.ui.enabled=false", "--conf", "spark.sql.shuffle.partitions=1"]
ITERATIONS = 10  # Its default.
OURS = ["matinee bayes", "matinee vb", "matinee als"]


def main(binary):
    commands = subprocess.run([MLLIB / "install.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for dataset in (datasets.small(), datasets.ml100k(sys.prefix)):
        print(f"\n{dataset.name}, {protocol.FOLDS} folds; MLlib: {ITERATIONS} iterations, the best of regParam {', '.join(GRID)}")
        print(accuracy.HEADER)
        floor = protocol.matinee(binary, dataset.folds, "--algorithm", "mean", "--threads", "1", data=dataset.arguments())
        for name in OURS:
            accuracy.tell(name, accuracy.ours(binary, dataset, dict(accuracy.OURS)[name], floor["cpu"]))
        accuracy.tell("myFM", [accuracy.theirs("myfm", dataset, fold) for fold in range(protocol.FOLDS)])
        for on in ("ratings", "residuals"):
            regularization, folds = best(models(commands, dataset, on))
            accuracy.tell(f"MLlib, {on}, {regularization}", folds)


def models(commands, dataset, on):
    """For each regularisation, what was measured in each fold."""
    environment = os.environ | {"PYSPARK_PYTHON": f"{commands}/python", "SPARK_LOCAL_IP": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "ratings.csv"
        dataset.ratings.assign(fold=dataset.folds).to_csv(file, index=False)
        command = [f"{commands}/spark-submit", "--master", "local[1]", "--driver-memory", "2g", *QUIET, MLLIB / "mllib.py", file]
        command += ["--on", on, "--iterations", str(ITERATIONS), "--scale", *map(str, dataset.scale), "--regularization", *GRID]
        output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    found = {}
    for model in map(json.loads, filter(lambda line: line.startswith("{"), output.splitlines())):
        measured = {name: model[name] for name in ("rmse", "mae", "fit", "predict", "memory")}
        found.setdefault(model["regularization"], []).append(measured)
    return found


def best(models):
    return min(models.items(), key=lambda model: sum(fold["rmse"] for fold in model[1]))


if __name__ == "__main__":
    main(sys.argv[1])
