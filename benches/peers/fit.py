"""Fits one peer to one fold in a process of its own, so that its memory and its threads are its own:

    fit.py NAME FOLD.npz PREDICTIONS.npy

The fold has the arrays train_user, train_movie, train_rating, test_user, test_movie (rows from 0), scale and, for
the movies' attributes, group by group, attribute numbers and movie rows. Prints CPU seconds, and memory in MB, as JSON.
"""

import json
import os
import resource
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy  # noqa: E402  (after the number of threads is set)


class SurpriseSvd:
    """Default hyperparameters."""

    def __init__(self):
        import surprise

        self.surprise, self.algorithm = surprise, surprise.SVD(random_state=0)

    def fit(self, fold):
        # It visits the rows in the given order, and files are sorted by user.
        order = numpy.random.default_rng(0).permutation(len(fold["train_user"]))
        rows = zip(fold["train_user"][order], fold["train_movie"][order], fold["train_rating"][order], order)
        reader = self.surprise.Reader(rating_scale=tuple(fold["scale"]))
        data = self.surprise.Dataset(reader)
        self.algorithm.fit(data.construct_trainset(list(rows)))

    def predict(self, fold):
        pairs = zip(fold["test_user"], fold["test_movie"])
        return [self.algorithm.predict(user, movie, clip=False).est for user, movie in pairs]


class SurpriseSvdpp(SurpriseSvd):
    def __init__(self):
        super().__init__()
        self.algorithm = self.surprise.SVDpp(random_state=0)


class MyFm:
    """Ids, rated sets, rater sets, genres and five-year periods in relation blocks; 300 sweeps, else the defaults."""

    groups = 2

    def fit(self, fold):
        import myfm
        import scipy.sparse as sparse

        users, movies = int(fold["users"]), int(fold["movies"])
        ones = numpy.ones(len(fold["train_user"]))
        rated = sparse.csr_matrix((ones, (fold["train_user"], fold["train_movie"])), shape=(users, movies))
        groups = []
        for group in range(self.groups):
            attribute, row = fold[f"attribute_{group}"], fold[f"row_{group}"]
            shape = (movies, int(attribute.max(initial=-1)) + 1)
            groups.append(sparse.csr_matrix((numpy.ones(len(row)), (row, attribute)), shape=shape))
        self.blocks = [
            sparse.hstack([sparse.identity(users), scaled(rated)]).tocsr(),
            sparse.hstack([sparse.identity(movies), scaled(rated.T.tocsr()), *groups]).tocsr(),
        ]
        shapes = [users, movies, movies, users, *(group.shape[1] for group in groups)]
        self.model = myfm.MyFMRegressor(rank=int(fold["rank"]), random_seed=42)
        relations = self.relations(fold["train_user"], fold["train_movie"])
        self.model.fit(None, fold["train_rating"], X_rel=relations, n_iter=300, group_shapes=shapes)

    def predict(self, fold):
        return self.model.predict(None, X_rel=self.relations(fold["test_user"], fold["test_movie"]))

    def relations(self, *sides):
        from myfm import RelationBlock

        found = [numpy.unique(side, return_inverse=True) for side in sides]
        return [RelationBlock(inverse, block[rows]) for (rows, inverse), block in zip(found, self.blocks)]


class MyFmWords(MyFm):
    """The same with the words of titles."""

    groups = 3


class LenskitAls:
    """Biased ALS with 50 factors."""

    def warm_up(self, fold):
        """Its code is compiled on first use."""
        self.fit({key: column[:100] for key, column in fold.items() if key.startswith("train_")})

    def fit(self, fold, iterations=20):
        import pandas
        from lenskit.algorithms import als

        frame = {"user": fold["train_user"], "item": fold["train_movie"], "rating": fold["train_rating"]}
        self.model = als.BiasedMF(50, iterations=iterations, reg=0.1, rng_spec=0)
        self.model.fit(pandas.DataFrame(frame))

    def predict(self, fold):
        import pandas

        pairs = pandas.DataFrame({"user": fold["test_user"], "item": fold["test_movie"]})
        scores = numpy.empty(len(pairs))
        for user, rows in pairs.groupby("user"):
            scores[rows.index] = self.model.predict_for_user(user, rows["item"].to_numpy()).to_numpy()
        return numpy.where(numpy.isnan(scores), fold["train_rating"].mean(), scores)


class LenskitAls15(LenskitAls):
    def fit(self, fold):
        super().fit(fold, iterations=15)


class ImplicitAls15:
    """50 factors, 15 sweeps, three conjugate gradient steps. Only its time counts: it does not predict ratings."""

    def fit(self, fold):
        import scipy.sparse as sparse
        from implicit.als import AlternatingLeastSquares

        users, movies = int(fold["users"]), int(fold["movies"])
        values = fold["train_rating"].astype(numpy.float32)
        rated = sparse.csr_matrix((values, (fold["train_user"], fold["train_movie"])), shape=(users, movies))
        options = {"factors": 50, "iterations": 15, "use_cg": True, "num_threads": 1, "random_state": 0}
        AlternatingLeastSquares(calculate_training_loss=False, **options).fit(rated, show_progress=False)

    def predict(self, fold):
        return numpy.full(len(fold["test_user"]), numpy.nan)


class LibMf:
    """64 factors, 80 passes, on the residuals of damped biases."""

    def fit(self, fold):
        from libmf import mf

        self.mean = fold["train_rating"].mean()
        users, movies = int(fold["users"]), int(fold["movies"])
        self.biases = numpy.zeros(users), numpy.zeros(movies)
        sides = fold["train_user"], fold["train_movie"]
        for _ in range(10):
            for own, other in ((1, 0), (0, 1)):
                rest = fold["train_rating"] - self.mean - self.biases[other][sides[other]]
                sums = numpy.bincount(sides[own], rest, len(self.biases[own]))
                counts = numpy.bincount(sides[own], minlength=len(self.biases[own]))
                self.biases[own][:] = sums / (counts + 4)
        rest = fold["train_rating"] - self.base(*sides)
        options = {"lambda_p1": 0, "lambda_q1": 0, "lambda_p2": 0.1, "lambda_q2": 0.1}
        self.model = mf.MF(fun=0, k=64, nr_threads=1, nr_iters=80, quiet=True, **options)
        self.model.fit(numpy.ascontiguousarray(numpy.column_stack([*sides, rest]).astype(numpy.float32)))

    def predict(self, fold):
        # Its own predict() mixes up the pairs, so this uses its factors. Unseen users and movies have none.
        model = self.model.model
        users = numpy.ctypeslib.as_array(model.P, (model.m, model.k))
        movies = numpy.ctypeslib.as_array(model.Q, (model.n, model.k))
        known = (fold["test_user"] < model.m) & (fold["test_movie"] < model.n)
        scores = self.base(fold["test_user"], fold["test_movie"])
        pairs = users[fold["test_user"][known]], movies[fold["test_movie"][known]]
        scores[known] += numpy.nan_to_num(numpy.einsum("ij,ij->i", *pairs))
        return scores

    def base(self, user, movie):
        return self.mean + self.biases[0][user] + self.biases[1][movie]


PEERS = {
    "surprise-svd": SurpriseSvd,
    "surprise-svdpp": SurpriseSvdpp,
    "myfm": MyFm,
    "myfm-words": MyFmWords,
    "lenskit-als": LenskitAls,
    "lenskit-als-15": LenskitAls15,
    "implicit-als-15": ImplicitAls15,
    "libmf": LibMf,
}


def scaled(sets):
    """Rows divided by the square root of their number of entries."""
    import scipy.sparse as sparse

    counts = numpy.asarray(sets.sum(axis=1)).ravel()
    return sparse.diags(1 / numpy.sqrt(numpy.maximum(counts, 1))) @ sets


def main(name, fold_file, predictions_file):
    fold = dict(numpy.load(fold_file))
    peer = PEERS[name]()
    if hasattr(peer, "warm_up"):
        peer.warm_up(fold)
    begin = time.process_time()
    peer.fit(fold)
    fitted = time.process_time()
    predictions = peer.predict(fold)
    predict_seconds = time.process_time() - fitted
    numpy.save(predictions_file, numpy.asarray(predictions, dtype=float))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"fit": fitted - begin, "predict": predict_seconds, "memory": memory}))


if __name__ == "__main__":
    main(*sys.argv[1:])
