"""Measures over HTTP how well the search finds what people mean: the queries of tests/search/queries.csv.

    python3 benches/lists/search.py MATINEE [MATINEE ...]

Each MATINEE is a binary: that of an earlier release can be measured beside the current one. It trains a model of data/ and
serves it. Printed is the share of the queries whose movie comes first, and is among the first five.
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(binaries):
    if not binaries:
        sys.exit(__doc__)
    with open(ROOT / "tests/search/queries.csv", encoding="utf-8") as file:
        queries = list(csv.reader(file))[1:]
    for binary in binaries:
        print(binary)
        with tempfile.TemporaryDirectory() as folder:
            train = [binary, "train", "--data", ROOT / "data", "--output", f"{folder}/model", "--algorithm", "bias", "--hold-out", "0"]
            subprocess.run(train, check=True, capture_output=True)
            serve = [binary, "serve", "--model", f"{folder}/model", "--port", "0"]
            server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                address = next(found[1] for line in server.stdout if (found := re.search(r"at (http://[^;]+);", line)))
                measure(address, queries)
            finally:
                server.kill()


def measure(address, queries):
    kinds = defaultdict(list)
    for kind, query, movie, _ in queries:
        with urllib.request.urlopen(f"{address}/movies?{urllib.parse.urlencode({'query': query, 'limit': 5})}") as answer:
            found = [one["movie_id"] for one in json.load(answer)["movies"]]
        for name in (kind, "all"):
            kinds[name].append((found[:1] == [movie], movie in found))
    for name, results in sorted(kinds.items()):
        first, five = (sum(column) / len(results) for column in zip(*results))
        print(f"  {name:10} {len(results):4} queries: first {first:.3f}, among the first five {five:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
