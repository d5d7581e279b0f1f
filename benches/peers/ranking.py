"""Ranking: `matinee evaluate --ranking` compared to EASE^R, implicit's iALS and the most popular movies, on the same splits.

A fifth of each user's ratings is held out, at random and the latest. Relevant is what was rated 4 or more; all movies
that a user has not rated before are ranked. EASE^R and implicit learn from the ratings of 4 and more, as their papers
do, and EASE^R also from Matinee's signals. Their regularisation is the best on the test itself of those that are tried,
which flatters them; Matinee's is the default.
"""

import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import implicit  # noqa: E402  (after the number of threads is set)
import numpy  # noqa: E402
import pandas  # noqa: E402
import scipy.sparse  # noqa: E402

import protocol  # noqa: E402

HELD_OUT = 0.2
EASE_REGULARISATION = [50, 100, 200, 400]
IMPLICIT = [(factors, alpha, regularisation) for factors in (32, 64) for alpha in (1, 5, 15) for regularisation in (0.01, 0.1, 1)]


def main(binary):
    ratings = protocol.ratings()
    movies = numpy.union1d(ratings.movieId, pandas.read_csv(protocol.DATA / "movies.csv").movieId)
    data = Data(ratings, movies)
    splits = {"random": data.random_split(), "time": data.time_split()}
    ours = matinee(binary, splits)
    print(f"ranking on data/, one thread each; implicit {importlib.metadata.version('implicit')}")
    for (name, test), results in zip(splits.items(), ours):
        print(f"{name + ' split':>44} {'NDCG@10':>8} {'Recall@20':>10} {'fit, s':>8}")
        rows = [("most popular", data.popular(test))]
        rows += [best("EASE^R, ratings >= 4", EASE_REGULARISATION, lambda value: data.ease(test, value, data.liked(test)))]
        rows += [best("implicit ALS, ratings >= 4", IMPLICIT, lambda value: data.implicit(test, *value))]
        peers = max(row[1]["ndcg_at_10"] for row in rows), max(row[1]["recall_at_20"] for row in rows)
        for result in results["methods"]:
            mark = " (what training takes)" if result["method"] == results["chosen"] else ""
            rows.append((f"matinee, {result['method']}{mark}", result))
        for label, row in rows:
            print(f"{label:>44} {row['ndcg_at_10']:>8.4f} {row['recall_at_20']:>10.4f} {row['fit_seconds']:>8.2f}")
        chosen = next(result for result in results["methods"] if result["method"] == results["chosen"])
        print(f"{'matinee against the best of the peers':>44} {chosen['ndcg_at_10'] - peers[0]:>+8.4f} {chosen['recall_at_20'] - peers[1]:>+10.4f}")


def best(label, values, measure):
    found = [(value, measure(value)) for value in values]
    value, row = max(found, key=lambda pair: pair[1]["ndcg_at_10"])
    return f"{label}, {value}", row


class Data:
    def __init__(self, ratings, movies):
        self.user = numpy.unique(ratings.userId, return_inverse=True)[1]
        self.movie = numpy.searchsorted(movies, ratings.movieId)
        self.rating, self.time = ratings.rating.to_numpy(), ratings.timestamp.to_numpy()
        self.shape = self.user.max() + 1, len(movies)

    def random_split(self):
        generator = numpy.random.default_rng(0)
        return self.split(generator.permutation)

    def time_split(self):
        return self.split(lambda rows: rows[numpy.argsort(self.time[rows], kind="stable")])

    def split(self, arrange):
        test = numpy.zeros(len(self.user), dtype=bool)
        for user in range(self.shape[0]):
            rows = arrange(numpy.flatnonzero(self.user == user))
            test[rows[len(rows) - round(len(rows) * HELD_OUT):]] = True
        return test

    def liked(self, test):
        train = ~test & (self.rating >= 4)
        return scipy.sparse.csr_matrix((numpy.ones(train.sum()), (self.user[train], self.movie[train])), self.shape)

    def popular(self, test):
        counts = numpy.bincount(self.movie[~test], minlength=self.shape[1])
        return self.measure(numpy.tile(counts, (self.shape[0], 1)), test, 0.0)

    def ease(self, test, regularisation, signals):
        """In the dual form, which inverts a matrix of users instead of movies and gives the same numbers."""
        begin = time.perf_counter()
        signals = signals.toarray()
        inverse = numpy.linalg.inv(signals @ signals.T + regularisation * numpy.eye(len(signals)))
        along = inverse @ signals
        diagonal = 1 - numpy.einsum("um,um->m", signals, along)
        projected = signals - (signals @ signals.T) @ along
        scores = signals - projected / diagonal
        return self.measure(scores, test, time.perf_counter() - begin)

    def implicit(self, test, factors, alpha, regularisation):
        begin = time.perf_counter()
        model = implicit.als.AlternatingLeastSquares(
            factors=factors, alpha=alpha, regularization=regularisation, iterations=15, num_threads=1, random_state=0
        )
        model.fit(self.liked(test), show_progress=False)
        seconds = time.perf_counter() - begin
        return self.measure(model.user_factors @ model.item_factors.T, test, seconds)

    def measure(self, scores, test, seconds):
        scores = numpy.array(scores, dtype=float)
        scores[self.user[~test], self.movie[~test]] = -numpy.inf
        discounts = 1 / numpy.log2(numpy.arange(2, 12))
        gains, recalls = [], []
        for user in range(self.shape[0]):
            relevant = self.movie[test & (self.user == user) & (self.rating >= 4)]
            if len(relevant):
                hits = numpy.isin(numpy.argsort(-scores[user], kind="stable")[:20], relevant)
                gains.append((hits[:10] * discounts).sum() / discounts[: min(10, len(relevant))].sum())
                recalls.append(hits.sum() / min(20, len(relevant)))
        return {"ndcg_at_10": numpy.mean(gains), "recall_at_20": numpy.mean(recalls), "fit_seconds": seconds}


def matinee(binary, splits):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        command = [binary, "evaluate", "--ranking", "--threads", "1", "--json", folder / "report.json"]
        command += ["--ratings", protocol.DATA / "ratings.csv", "--movies", protocol.DATA / "movies.csv"]
        for name, test in splits.items():
            pandas.DataFrame({"test": test.astype(int)}).to_csv(folder / f"{name}.csv", index=False)
            command += ["--test-file", folder / f"{name}.csv"]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        return json.loads((folder / "report.json").read_text())


if __name__ == "__main__":
    main(sys.argv[1])
