"""Epochs of SGD at rank 64 on one thread: Matinee's SVD compared to LIBMF and to the limits of the machine."""

import subprocess
import sys

import protocol

LIBMF = """
import sys, time, numpy, pandas
from libmf import mf
ratings = pandas.read_csv(sys.argv[1])
sides = [pandas.factorize(ratings[column])[0] for column in ("userId", "movieId")]
REGULARISATION = {"lambda_p1": 0, "lambda_q1": 0, "lambda_p2": 0.1, "lambda_q2": 0.1}
triples = numpy.column_stack([*sides, ratings.rating]).astype(numpy.float32)
def seconds(iterations):
    model = mf.MF(k=64, nr_threads=1, nr_iters=iterations, quiet=True, **REGULARISATION)
    begin = time.process_time()
    model.fit(triples)
    return time.process_time() - begin
# The set-up time is the same for any number of iterations, so the difference does not include it.
print(min((seconds(80) - seconds(20)) / 60 for _ in range(5)) / len(triples), file=sys.stderr)
"""


def main(_):
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--package", "matinee-sgd"], check=True)
    ratings = str((protocol.DATA / "ratings.csv").resolve())
    command = ["cargo", "run", "--release", "--locked", "--quiet", "--package", "matinee-sgd", "--", ratings, "64"]
    ours = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    command = [protocol.NUMPY1, "-c", LIBMF, ratings]
    theirs = subprocess.run(command, check=True, capture_output=True, text=True)
    rate = 1 / float(theirs.stderr.splitlines()[-1]) / 1e6
    print(ours, end="")
    print(f"LIBMF, rank 64, one thread    {rate:8.1f} million ratings/s")
    print(f"{float(ours.split('thread')[1].split()[0]) / rate:.1f} times as fast as LIBMF")


if __name__ == "__main__":
    main(sys.argv[1])
