#!/usr/bin/env bash
# Compares Matinee with its peers on the same folds in the same run. The peers come from PyPI.
#   benches/peers/run.sh accuracy  accuracy, time and memory of every algorithm and of its peers, one thread each
#   benches/peers/run.sh mllib     ALS of Spark's MLlib, next to vb, bayes, als and myFM
#   benches/peers/run.sh svd       the SVD of the replaced stack
#   benches/peers/run.sh als       alternating least squares at equal rank and sweeps
#   benches/peers/run.sh sgd       epochs of SGD, compared to the limits of the machine
#   benches/peers/run.sh ranking   recommendations compared to EASE^R and iALS, on three random splits and on a time split
#   benches/peers/run.sh tuning    the grid search of the replaced stack, on all cores
set -euo pipefail
cd "$(dirname "$0")/../.."

PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}

main() {
  local comparison=${1:-svd}
  benches/peers/install.sh
  cargo build --release --locked --quiet --package matinee
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  exec "$PEERS/bin/python" "benches/peers/$comparison.py" "$target/release/matinee"
}

main "$@"
