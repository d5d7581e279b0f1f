#!/usr/bin/env bash
# Load for the given time, on loopback: a third of it each for the local server, the Lambda binary with a fake Runtime API,
# and the server of the replaced stack, gunicorn with flask and scikit-surprise: benches/load/run.sh [MINUTES]
# MATINEE_PREDICT is the path of the function's binary. If it is not set, the binary is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
. benches/serve/server.sh

MINUTES=${1:-10}
SECONDS_EACH=$((MINUTES * 60 / 3))

main() {
  prepare
  cargo build --release --locked --quiet --package matinee --package matinee-load
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  local predict=${MATINEE_PREDICT:-$target/lambda/predict/bootstrap}
  if [ -z "${MATINEE_PREDICT:-}" ]; then
    PATH="$(scripts/tools.sh):$PATH" cargo lambda build --release --locked --quiet --bin predict
  fi
  "$target/release/matinee" train --data data --output "$WORK/model" >/dev/null 2>&1

  printf '%-46s %10s %8s %8s %9s %7s %10s  %s\n' "$SECONDS_EACH s each" 'requests/s' 'p50, ms' 'p99, ms' 'p99.9, ms' \
    'errors' 'requests' 'MB at start, middle, end'
  "$target/release/matinee" serve --model "$WORK/model" --port "$PORT" >"$WORK/log" 2>&1 &
  load "matinee serve, $CONNECTIONS connections" /predict /health
  "$target/release/matinee-load" "$SECONDS_EACH" "$predict" "$WORK/model" data/ratings.csv >"$WORK/result"
  tell 'predict in one sandbox, one event at a time'
  start_replaced --worker-class gthread --threads 8
  load "gunicorn, 2 workers, $CONNECTIONS connections" /invocations /ping
}

load() {
  local name=$1 start middle
  export MATINEE_PATH=$2
  await_server "$name" "$3"
  start=$(resident)
  ask "$SECONDS_EACH" >"$WORK/result" &
  local asking=$!
  sleep $((SECONDS_EACH / 2))
  middle=$(resident)
  wait "$asking"
  sed -i "s/\$/\t$start\t$middle\t$(resident)/" "$WORK/result"
  tell "$name"
  end_server
}

tell() {
  awk -F'\t' -v name="$1" '{ printf "%-46s %10.0f %8.2f %8.2f %9.2f %7d %10d  %.1f, %.1f, %.1f\n",
    name, $2, $3, $4, $7, $5, $6, $8, $9, $10 }' "$WORK/result"
}

# The memory of the server and its workers in MB. Shared memory counts once.
resident() {
  local process
  for process in $(processes); do
    awk '/^Pss:/ { print $2 }' "/proc/$process/smaps_rollup"
  done | awk '{ sum += $1 } END { print sum / 1024 }'
}

main
