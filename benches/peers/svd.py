"""SVD with default hyperparameters: Matinee compared to scikit-surprise, on the same folds, one thread each.

The training rows are shuffled for scikit-surprise: its SVD visits them in the order in which it gets them, and the
file is sorted by user.
"""

import importlib.metadata
import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy  # noqa: E402  (after the number of threads is set)
import surprise  # noqa: E402

import protocol  # noqa: E402


def main(binary):
    ratings = protocol.ratings()
    folds = protocol.random_folds(len(ratings))
    ours = protocol.matinee(binary, folds, "--algorithm", "svd", "--threads", "1")["folds"]
    theirs = [surprise_fold(ratings, folds, fold) for fold in range(protocol.FOLDS)]
    version = importlib.metadata.version("scikit-surprise")
    print(f"SVD, defaults, {protocol.FOLDS}-fold on data/, one thread each; scikit-surprise {version}")
    print(f"{'':>6} {'RMSE':>23} {'MAE':>23} {'fit, s':>23}")
    print(f"{'fold':>6} {'matinee':>11} {'surprise':>11}" + f" {'matinee':>11} {'surprise':>11}" * 2)
    rows = list(zip(ours, theirs))
    for fold, (our, their) in enumerate(rows):
        print_row(fold, our, their)
    mean = [{key: numpy.mean([row[side][key] for row in rows]) for key in theirs[0]} for side in range(2)]
    print_row("mean", *mean)
    print(f"RMSE {mean[0]['rmse'] - mean[1]['rmse']:+.4f} against scikit-surprise; ", end="")
    print(f"fitted {mean[1]['fit_seconds'] / mean[0]['fit_seconds']:.1f} times as fast")


def surprise_fold(ratings, folds, fold):
    train = ratings[folds != fold].sample(frac=1, random_state=fold)
    test = ratings[folds == fold]
    reader = surprise.Reader(rating_scale=(0.5, 5))
    trainset = surprise.Dataset.load_from_df(train[["userId", "movieId", "rating"]], reader).build_full_trainset()
    algorithm = surprise.SVD(random_state=0)
    begin = time.perf_counter()
    algorithm.fit(trainset)
    fit_seconds = time.perf_counter() - begin
    predicted = [algorithm.predict(user, movie).est for user, movie in zip(test.userId, test.movieId)]
    return {
        "rmse": protocol.rmse(predicted, test.rating),
        "mae": protocol.mae(predicted, test.rating),
        "fit_seconds": fit_seconds,
    }


def print_row(name, our, their):
    figures = [f"{our[key]:>11.4f} {their[key]:>11.4f}" for key in ("rmse", "mae", "fit_seconds")]
    print(f"{name:>6} " + " ".join(figures))


if __name__ == "__main__":
    main(sys.argv[1])
