#!/usr/bin/env bash
# Training on growing numbers of ratings, on generated data with known noise, on one thread and on all cores:
# ALGORITHMS="vb als" benches/growth/run.sh [COUNT ...]
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked --quiet --package matinee-growth
binary=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/matinee-growth
[ $# -gt 0 ] || set -- 100000 1000000 10000000
printf '%-8s %9s %7s %7s %7s %9s %9s %10s %8s %9s %8s %8s  %s\n' algorithm ratings users movies threads 'fit, s' 'CPU, s' \
  'before, MB' 'peak, MB' 'B/rating' RMSE noise model
for count; do
  for algorithm in ${ALGORITHMS:-bayes vb als svd}; do
    for threads in 1 "$(nproc)"; do
      RAYON_NUM_THREADS=$threads "$binary" fit "$count" --algorithm "$algorithm"
    done
  done
done
