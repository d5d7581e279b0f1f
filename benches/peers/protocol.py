"""What all comparisons have in common: the folds, the errors, and how Matinee and its peers are run."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pandas

HERE = pathlib.Path(__file__).parent
DATA = HERE / "../../data"
FOLDS = 5
# The environment of the peers that need numpy 1.
NUMPY1 = pathlib.Path(sys.prefix) / "numpy1/bin/python"


def ratings():
    return pandas.read_csv(DATA / "ratings.csv")


def random_folds(count):
    """Fold i tests the rows p[i::5] of a permutation p."""
    folds = numpy.empty(count, dtype=int)
    permutation = numpy.random.default_rng(0).permutation(count)
    for fold in range(FOLDS):
        folds[permutation[fold::FOLDS]] = fold
    return folds


def rmse(predicted, actual):
    return float(numpy.sqrt(numpy.mean((numpy.asarray(predicted) - numpy.asarray(actual)) ** 2)))


def mae(predicted, actual):
    return float(numpy.mean(numpy.abs(numpy.asarray(predicted) - numpy.asarray(actual))))


def matinee(binary, folds, *arguments, data=("--ratings", DATA / "ratings.csv", "--movies", DATA / "movies.csv")):
    """The report of `matinee evaluate` on these folds, plus `cpu` and `memory` of the process, in s and MB."""
    with tempfile.TemporaryDirectory() as folder:
        folds_file, report = pathlib.Path(folder) / "folds.csv", pathlib.Path(folder) / "report.json"
        pandas.DataFrame({"fold": folds}).to_csv(folds_file, index=False)
        command = [binary, "evaluate", *data, "--folds-file", folds_file, "--json", report, *arguments]
        _, usage = run(command)
        return json.loads(report.read_text()) | usage


def run(command):
    """The output of a command, its processor time in s, and its peak memory in MB."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(str(part) for part in command)}")
    return output, {"cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}
