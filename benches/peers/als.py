"""Alternating least squares, 50 factors, 15 sweeps, one thread: Matinee compared to the solvers of LensKit and implicit.

Processor seconds for one fold of data/, code compiled before. implicit learns another objective: just its time counts.
"""

import sys

import accuracy
import datasets
import protocol

SAME = ["--algorithm", "als", "-p", "n_factors=50", "-p", "n_epochs=15"]


def main(binary):
    for dataset in (datasets.small(), datasets.ml100k(sys.prefix)):
        floor = protocol.matinee(binary, dataset.folds, "--algorithm", "mean", "--threads", "1", data=dataset.arguments())
        rows = [("matinee als", accuracy.ours(binary, dataset, SAME, floor["cpu"]))]
        for name, peer in (("LensKit BiasedMF", "lenskit-als-15"), ("implicit", "implicit-als-15")):
            rows.append((name, [accuracy.theirs(peer, dataset, fold) for fold in range(protocol.FOLDS)]))
        print(f"{dataset.name}: 50 factors, 15 sweeps, CPU seconds a fold")
        ours = mean(rows[0][1], "fit")
        for name, folds in rows:
            rmse = "" if mean(folds, "rmse") != mean(folds, "rmse") else f"RMSE {mean(folds, 'rmse'):.4f}"
            print(f"  {name:<20} {mean(folds, 'fit'):>8.3f}  {mean(folds, 'fit') / ours:>5.1f} x  {rmse}")


def mean(folds, key):
    return sum(fold[key] for fold in folds) / len(folds)


if __name__ == "__main__":
    main(sys.argv[1])
