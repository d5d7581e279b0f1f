"""The server of the replaced stack: flask over scikit-surprise's SVD, with the titles in a dictionary."""

import json
import pathlib

import flask
import pandas
import surprise

DATA = pathlib.Path(__file__).parent / "../../data"


def train():
    ratings = pandas.read_csv(DATA / "ratings.csv")[["userId", "movieId", "rating"]]
    reader = surprise.Reader(rating_scale=(0.5, 5))
    algorithm = surprise.SVD(random_state=0)
    return algorithm.fit(surprise.Dataset.load_from_df(ratings, reader).build_full_trainset())


algorithm = train()
titles = pandas.read_csv(DATA / "movies.csv").set_index("movieId").title.to_dict()
app = flask.Flask(__name__)


@app.get("/ping")
def ping():
    return ""


@app.post("/invocations")
def invocations():
    request = json.loads(flask.request.data)
    user, movie = int(request["userId"]), int(request["movieId"])
    rating = algorithm.predict(user, movie).est
    answer = {"predicted_rating": round(rating, 1), "movie_title": titles[movie]}
    return flask.Response(json.dumps(answer), mimetype="application/json")
