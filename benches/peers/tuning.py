"""The grid search of the replaced stack, 81 points on 5 folds: `matinee tune` compared to scikit-surprise's GridSearchCV with
n_jobs=-1, on all cores, in the same run.

How long a fit takes depends on factors and epochs, not on learning rate and regularisation: of the 9 points for each
number of factors and of epochs scikit-surprise measures one, the one with the rate and regularisation that its full
grid finds best, and its time counts 9 times. With FULL=1 it measures all.
"""

import importlib.metadata
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy  # noqa: E402  (after the number of threads is set)
import pandas  # noqa: E402
import surprise  # noqa: E402
import surprise.model_selection  # noqa: E402
from joblib.externals.loky import get_reusable_executor  # noqa: E402

import protocol  # noqa: E402

GRID = {
    "n_factors": [10, 100, 500],
    "n_epochs": [5, 20, 50],
    "lr_all": [0.001, 0.005, 0.02],
    "reg_all": [0.005, 0.02, 0.1],
}
SEEDS = [0, 1, 2]
SAMPLE = GRID | {"lr_all": [0.02], "reg_all": [0.1]}


class Folds:
    """The folds of all comparisons, in the form that scikit-surprise's searches need, with shuffled training rows."""

    def __init__(self, ratings, folds):
        self.ratings, self.folds = ratings[["userId", "movieId", "rating"]], folds

    def get_n_folds(self):
        return protocol.FOLDS

    def split(self, data):
        for fold in range(protocol.FOLDS):
            train = self.ratings[self.folds != fold].sample(frac=1, random_state=fold)
            test = self.ratings[self.folds == fold]
            trainset = surprise.Dataset.load_from_df(train, data.reader).build_full_trainset()
            yield trainset, list(test.itertuples(index=False, name=None))


def main(binary):
    ratings = protocol.ratings()
    folds = protocol.random_folds(len(ratings))
    theirs = grid_search(ratings, folds)
    default, exhaustive = tune(binary), tune(binary, "--exhaustive")
    version = importlib.metadata.version("scikit-surprise")
    print(f"81 points x {protocol.FOLDS} folds on data/, {os.cpu_count()} cores; scikit-surprise {version}")
    print(f"{'':>34} {'wall, s':>9} {'CPU, s':>9} {'fits':>6}")
    measured = "" if theirs["share"] == 1 else f", {theirs['fits'] // theirs['share']} fits x {theirs['share']}"
    for name, row in [
        (f"GridSearchCV{measured}", theirs),
        ("matinee tune --exhaustive", exhaustive),
        ("matinee tune", default),
    ]:
        print(f"{name:>34} {row['wall']:>9.1f} {row['cpu']:>9.1f} {row['fits']:>6}")
    print(f"{'':>34} times as fast: {theirs['wall'] / exhaustive['wall']:.0f} exhaustive, ", end="")
    print(f"{theirs['wall'] / default['wall']:.0f} with elimination")
    print(f"no point beats one that is better on average by more than {exhaustive['upset']:.2%} of its RMSE on a fold")
    same = default["best"] == exhaustive["best"]
    print(f"elimination found {'the same best point' if same else 'ANOTHER BEST POINT'}")
    print(f"the best points on the same folds, mean RMSE of {len(SEEDS)} seeds, and the lowest and the highest")
    for name, best, rmse in [
        ("matinee", default["best"], [evaluate(binary, folds, default["best"], seed) for seed in SEEDS]),
        ("scikit-surprise", theirs["best"], evaluate_surprise(ratings, folds, theirs["best"])),
    ]:
        values = " ".join(f"{name}={value}" for name, value in best.items())
        print(f"{name:>16} {numpy.mean(rmse):.4f} ({min(rmse):.4f} to {max(rmse):.4f}) {values}")


def evaluate(binary, folds, best, seed):
    values = [part for name, value in best.items() for part in ("-p", f"{name}={value}")]
    values = ["--algorithm", "svd", *values]
    return numpy.mean([fold["rmse"] for fold in protocol.matinee(binary, folds, "--seed", seed, *values)["folds"]])


def evaluate_surprise(ratings, folds, best):
    grid = {name: [value] for name, value in best.items()} | {"random_state": SEEDS}
    return search(ratings, folds, grid).cv_results["mean_test_rmse"]


def search(ratings, folds, grid):
    data = surprise.Dataset.load_from_df(ratings[["userId", "movieId", "rating"]], surprise.Reader(rating_scale=(0.5, 5)))
    found = surprise.model_selection.GridSearchCV(
        surprise.SVD, grid, measures=["rmse"], cv=Folds(ratings, folds), n_jobs=-1
    )
    found.fit(data)
    return found


def grid_search(ratings, folds):
    grid = GRID if os.environ.get("FULL") else SAMPLE
    share = 1 if os.environ.get("FULL") else 9
    wall, cpu = clocks()
    found = search(ratings, folds, grid | {"random_state": [0]})
    wall = time.perf_counter() - wall
    # The processor time of workers is counted only after they have ended.
    get_reusable_executor().shutdown(wait=True)
    cpu = clocks()[1] - cpu
    best = {name: found.best_params["rmse"][name] for name in GRID}
    return {
        "wall": wall * share,
        "cpu": cpu * share,
        "fits": 405,
        "share": share,
        "best": best,
    }


def tune(binary, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        command = [binary, "tune", "--algorithm", "svd", "--data", protocol.DATA, "--output", folder / "model", "--csv", folder / "tuning.csv"]
        begin = clocks()
        told = subprocess.run([str(part) for part in [*command, *arguments]], check=True, capture_output=True, text=True)
        wall, cpu = (end - start for start, end in zip(begin, clocks()))
        fits = int(re.search(r"(\d+) of 405 fits", told.stdout).group(1))
        hyperparameters = json.loads((folder / "model/manifest.json").read_text())["hyperparameters"]
        points = pandas.read_csv(folder / "tuning.csv")
    return {
        "wall": wall,
        "cpu": cpu,
        "fits": fits,
        "best": {name: hyperparameters[name] for name in GRID},
        "upset": upset(points[points.status == "complete"]),
    }


def upset(points):
    """The largest margin by which a worse point beats a better one on a single fold, as a share of the RMSE."""
    rmse = points.filter(regex="^rmse_").to_numpy()
    largest = 0
    for better, mean in zip(rmse, rmse.mean(axis=1)):
        worse = rmse[rmse.mean(axis=1) > mean]
        largest = max(largest, *((better - worse) / mean).max(axis=1, initial=0), 0)
    return largest


def clocks():
    """The wall time, and the processor time of this process and its ended children."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in times)


if __name__ == "__main__":
    main(sys.argv[1])
