#!/usr/bin/env bash
# Training on growing numbers of ratings, on generated data with known noise: benches/growth/run.sh [COUNT ...]
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked --quiet --package matinee-growth
binary=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/matinee-growth
[ $# -gt 0 ] || set -- 100000 1000000 10000000
printf '%-8s %9s %7s %7s %9s %12s %10s %10s %8s %8s\n' algorithm ratings users movies 'fit, s' 'million/s' 'before, MB' 'peak, MB' RMSE noise
for count; do
  for algorithm in bayes vb als svd; do
    "$binary" fit "$count" --algorithm "$algorithm"
  done
done
