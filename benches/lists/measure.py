"""Measures lists of recommendations over HTTP: what the floor, variety and lists for groups cost and give.

    python3 benches/lists/measure.py MATINEE [--data data] [--users N]

MATINEE is the binary. The latest fifth of each user's ratings is hidden, a model is trained on the rest and served, and
every user asks for ten movies. Relevant is a hidden rating of 4 or more; NDCG@10 and intra-list similarity (the mean share
of common genres between two movies of a list) are means over the users who have something relevant. Groups are of three
users at random; each member's NDCG@10 is that of the common list.
"""

import argparse
import csv
import json
import math
import random
import re
import subprocess
import tempfile
import urllib.request
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from statistics import mean

RELEVANT = 4.0
LENGTH = 10
GROUP = 3
DISLIKED = 3.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("matinee", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--users", type=int, default=10**9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        known, hidden = split(arguments.data, Path(folder))
        users = [user for user in sorted(hidden) if hidden[user]][: arguments.users]
        run = [arguments.matinee, "train", "--data", f"{folder}/data", "--output", f"{folder}/model"]
        subprocess.run(run, check=True, capture_output=True)
        run = [arguments.matinee, "serve", "--model", f"{folder}/model", "--port", "0"]
        server = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            address = next(found[1] for line in server.stdout if (found := re.search(r"at (http://[^;]+);", line)))
            single(address, known, hidden, users)
            groups(address, known, hidden, users)
        finally:
            server.kill()


def split(data, folder):
    """Hides the latest fifth of each user's ratings; writes the rest."""
    with open(data / "ratings.csv", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["timestamp"]))
    by_user = defaultdict(list)
    for row in rows:
        by_user[row["userId"]].append(row)
    (folder / "data").mkdir()
    known, hidden = {}, {}
    with open(folder / "data" / "ratings.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for user, own in by_user.items():
            cut = len(own) - len(own) // 5
            writer.writerows(own[:cut])
            known[user] = [{"movieId": row["movieId"], "rating": float(row["rating"])} for row in own[:cut]]
            hidden[user] = {row["movieId"] for row in own[cut:] if float(row["rating"]) >= RELEVANT}
    (folder / "data" / "movies.csv").write_bytes((data / "movies.csv").read_bytes())
    return known, hidden


def single(address, known, hidden, users):
    print(f"{'list':28} NDCG@10  similarity  predicted below {DISLIKED:g}")
    for name, parameters in [
        ("without a floor", "minRating=0.5"),
        ("with the usual floor", ""),
        ("with floor and variety", "varied=true"),
    ]:
        lists = [ask(address, f"recommendations?limit={LENGTH}&{parameters}", {"ratings": known[user]}) for user in users]
        found = mean(ndcg(ids(movies), hidden[user]) for user, movies in zip(users, lists))
        low = mean(movie["predicted_rating"] < DISLIKED for movies in lists for movie in movies)
        print(f"{name:28} {found:.4f}   {mean(map(similarity, lists)):.4f}      {100 * low:.2f}%")


def groups(address, known, hidden, users):
    order = users[:]
    random.Random(1).shuffle(order)
    teams = [order[at : at + GROUP] for at in range(0, len(order) - GROUP + 1, GROUP)]
    own = {user: ids(ask(address, f"recommendations?limit={LENGTH}", {"ratings": known[user]})) for user in order}
    common, worst = [], []
    for team in teams:
        body = {"people": [{"ratings": known[user]} for user in team]}
        movies = ask(address, f"recommendations/together?limit={LENGTH}", body)
        common += [ndcg(ids(movies), hidden[user]) for user in team]
        worst += [min(movie["predicted_ratings"]) for movie in movies]
    members = [user for team in teams for user in team]
    others = [ndcg(own[team[0]], hidden[user]) for team in teams for user in team[1:]]
    print(f"\n{len(teams)} groups of {GROUP}: NDCG@10 of the members")
    print(f"  with their own lists          {mean(ndcg(own[user], hidden[user]) for user in members):.4f}")
    print(f"  with the common list          {mean(common):.4f}")
    print(f"  with another member's list    {mean(others):.4f}")
    print(f"  the least that a member would rate a movie of the list: {mean(worst):.2f} on average, {min(worst):.1f} at least")


def ask(address, path, body):
    request = urllib.request.Request(f"{address}/{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["recommendations"]


def ids(movies):
    return [movie["movie_id"] for movie in movies]


def ndcg(ranked, relevant):
    gain = sum(1 / math.log2(place + 2) for place, movie in enumerate(ranked) if movie in relevant)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(LENGTH, len(relevant))))
    return gain / ideal


def similarity(movies):
    pairs = [(set(one["genres"]), set(other["genres"])) for one, other in combinations(movies, 2)]
    return mean(len(one & other) / len(one | other) if one | other else 0 for one, other in pairs) if pairs else 0


if __name__ == "__main__":
    main()
