#!/usr/bin/env bash
# What ratings in SQLite cost: predictions without a store, with an empty one, writes to it, and predictions for users who
# have ratings in it, over 16 connections on loopback: benches/serve/kept_ratings.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
. benches/serve/server.sh

SECONDS_EACH=${1:-10}
export MATINEE_PATH=/predict

main() {
  prepare_load
  cargo build --release --locked --quiet --package matinee
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  local matinee=$target/release/matinee
  "$matinee" train --data data --output "$WORK/model" >/dev/null 2>&1

  printf '%-46s %11s %9s %9s %7s\n' "$CONNECTIONS connections, $SECONDS_EACH s each" 'requests/s' 'p50, ms' 'p99, ms' 'errors'
  "$matinee" serve --model "$WORK/model" --port "$PORT" >"$WORK/log" 2>&1 &
  await_server 'matinee serve' /health
  measure 'POST /predict without a store'
  end_server
  "$matinee" serve --model "$WORK/model" --port "$PORT" --ratings "$WORK/ratings.db" >"$WORK/log" 2>&1 &
  await_server 'matinee serve --ratings' /health
  measure 'POST /predict, nothing is kept'
  SCRIPT=writes.lua measure 'PUT of a rating'
  measure 'POST /predict, ratings of the users are kept'
  end_server
}

measure() {
  ask "$SECONDS_EACH" >"$WORK/result"
  awk -F'\t' -v name="$1" '{ printf "%-46s %11.0f %9.2f %9.2f %7d\n", name, $2, $3, $4, $5 }' "$WORK/result"
}

main
