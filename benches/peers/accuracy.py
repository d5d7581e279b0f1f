"""Accuracy, time and memory of Matinee and of its peers, on the same folds in the same run, one thread each.

Seconds are processor time for one fold. Memory is the largest of a process, with all that it has loaded. Set QUICK=1 to
leave out the slowest peers.
"""

import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pandas

import datasets
import protocol



def bayes(*parameters):
    return ["--algorithm", "bayes", *(part for parameter in parameters for part in ("-p", parameter))]


OURS = [
    ("matinee bayes", bayes()),
    # Without what follows the factors, and with half of them.
    ("matinee bayes, small", bayes("n_factors=12", "rank=16", "calibrated=false")),
    # About as accurate as myFM on data/.
    ("matinee bayes, short", bayes("n_factors=8", "n_burn_in=6", "n_samples=12", "n_chains=8", "calibrated=false")),
    ("matinee vb", ["--algorithm", "vb"]),
    ("matinee als", ["--algorithm", "als"]),
    ("matinee svdpp", ["--algorithm", "svdpp"]),
    ("matinee svd", ["--algorithm", "svd"]),
    ("matinee bias", ["--algorithm", "bias"]),
    ("matinee mean", ["--algorithm", "mean"]),
]
# Name in the table, name in fit.py, folds to measure.
THEIRS = [
    ("myFM", "myfm", range(5)),
    ("myFM, title words too", "myfm-words", range(5)),
    ("LensKit BiasedMF", "lenskit-als", range(5)),
    ("LIBMF", "libmf", range(5)),
    ("scikit-surprise SVD", "surprise-svd", range(5)),
    ("scikit-surprise SVDpp", "surprise-svdpp", range(1)),
]
SLOW = {"surprise-svdpp"}
# The same numbers as in published results on each.
MYFM_RANK = {"data/": 8, "ML-100K u1-u5": 10}
PACKAGES = ["myfm", "lenskit", "libmf", "implicit"]
HEADER = f"{'':<24} {'RMSE':>8} {'MAE':>8} {'fit, CPU s':>11} {'predict, s':>11} {'memory, MB':>11}  RMSE by fold"


def main(binary):
    print(f"scikit-surprise {importlib.metadata.version('scikit-surprise')}", end="")
    for package in PACKAGES:
        code = f"import importlib.metadata; print(importlib.metadata.version('{package}'))"
        print(f", {package} {protocol.run([protocol.NUMPY1, '-c', code])[0].strip()}", end="")
    print()
    for dataset in (datasets.small(), datasets.ml100k(sys.prefix)):
        print(f"\n{dataset.name}, {protocol.FOLDS} folds")
        print(HEADER)
        floor = protocol.matinee(binary, dataset.folds, "--algorithm", "mean", "--threads", "1", data=dataset.arguments())
        for name, arguments in OURS:
            tell(name, ours(binary, dataset, arguments, floor["cpu"]))
        for name, peer, folds in THEIRS:
            if not (os.environ.get("QUICK") and peer in SLOW):
                tell(name, [theirs(peer, dataset, fold) for fold in folds])


def tell(name, folds):
    mean = {key: numpy.mean([fold[key] for fold in folds]) for key in folds[0]}
    by_fold = " ".join(f"{fold['rmse']:.4f}" for fold in folds)
    print(
        f"{name:<24} {mean['rmse']:>8.4f} {mean['mae']:>8.4f} {mean['fit']:>11.3f} {mean['predict']:>11.4f} "
        f"{mean['memory']:>11.0f}  {by_fold}",
        flush=True,
    )


def ours(binary, dataset, arguments, floor):
    """`floor` is the processor time of the same command without any training."""
    report = protocol.matinee(binary, dataset.folds, "--threads", "1", *arguments, data=dataset.arguments())
    fit = max(report["cpu"] - floor, 0) / protocol.FOLDS
    same = {"fit": fit, "memory": report["memory"]}
    return [
        {"rmse": fold["rmse"], "mae": fold["mae"], "predict": fold["predict_seconds"]} | same
        for fold in report["folds"]
    ]


def theirs(peer, dataset, fold):
    is_test = dataset.folds == fold
    user = pandas.factorize(dataset.ratings.userId, sort=True)[0]
    movie = pandas.Index(dataset.movies.movieId).get_indexer(dataset.ratings.movieId)
    rating = dataset.ratings.rating.to_numpy(float)
    arrays = {
        "train_user": user[~is_test], "train_movie": movie[~is_test], "train_rating": rating[~is_test],
        "test_user": user[is_test], "test_movie": movie[is_test], "scale": dataset.scale,
        "users": user.max() + 1, "movies": len(dataset.movies), "rank": MYFM_RANK[dataset.name],
    }  # fmt: skip
    groups = datasets.attributes(dataset.movies)
    for number, group in enumerate(groups):
        arrays[f"attribute_{number}"] = numpy.repeat(numpy.arange(len(group)), [len(rows) for rows in group])
        arrays[f"row_{number}"] = numpy.concatenate([*group, []]).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = pathlib.Path(folder) / "fold.npz", pathlib.Path(folder) / "predictions.npy"
        numpy.savez(inputs, **arrays)
        python = sys.executable if peer.startswith("surprise") else protocol.NUMPY1
        command = [str(python), str(protocol.HERE / "fit.py"), peer, str(inputs), str(outputs)]
        usage = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        predicted = numpy.clip(numpy.load(outputs), *dataset.scale)
    errors = {"rmse": protocol.rmse(predicted, rating[is_test]), "mae": protocol.mae(predicted, rating[is_test])}
    return errors | usage


if __name__ == "__main__":
    main(sys.argv[1])
