"""The folds, the errors and the way to run Matinee that every comparison shares."""

import json
import pathlib
import subprocess
import tempfile

import numpy
import pandas

DATA = pathlib.Path(__file__).parent / "../../data"
FOLDS = 5


def ratings():
    return pandas.read_csv(DATA / "ratings.csv")


def random_folds(count):
    """Fold i tests the rows p[i::5] of a permutation p, which scikit-learn's users will recognise."""
    folds = numpy.empty(count, dtype=int)
    permutation = numpy.random.default_rng(0).permutation(count)
    for fold in range(FOLDS):
        folds[permutation[fold::FOLDS]] = fold
    return folds


def rmse(predicted, actual):
    return float(numpy.sqrt(numpy.mean((numpy.asarray(predicted) - numpy.asarray(actual)) ** 2)))


def mae(predicted, actual):
    return float(numpy.mean(numpy.abs(numpy.asarray(predicted) - numpy.asarray(actual))))


def matinee(binary, folds, *arguments):
    """The folds of `matinee evaluate` on the same ratings and folds."""
    with tempfile.TemporaryDirectory() as folder:
        folds_file, report = pathlib.Path(folder) / "folds.csv", pathlib.Path(folder) / "report.json"
        pandas.DataFrame({"fold": folds}).to_csv(folds_file, index=False)
        command = [binary, "evaluate", "--ratings", DATA / "ratings.csv", "--movies", DATA / "movies.csv"]
        command += ["--folds-file", folds_file, "--json", report, *arguments]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text())["folds"]
