#!/usr/bin/env bash
# Load for as long as is told, on loopback: the local server, the Lambda binary under a fake Runtime API, and the server of
# the replaced stack, gunicorn with flask and scikit-surprise, a third of the time each: benches/load/run.sh [MINUTES]
# MATINEE_PREDICT names the binary of the function; without it, it is built.
set -euo pipefail
cd "$(dirname "$0")/../.."

MINUTES=${1:-10}
SECONDS_EACH=$((MINUTES * 60 / 3))
CONNECTIONS=16
PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}

main() {
  command -v wrk >/dev/null || fail "wrk is missing; install it (Debian: apt-get install wrk)"
  benches/peers/install.sh
  cargo build --release --locked --quiet --package matinee --package matinee-load
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  local predict=${MATINEE_PREDICT:-$target/lambda/predict/bootstrap}
  if [ -z "${MATINEE_PREDICT:-}" ]; then
    PATH="$(scripts/tools.sh):$PATH" cargo lambda build --release --locked --quiet --bin predict
  fi
  "$target/release/matinee" train --data data --output "$WORK/model" >/dev/null 2>&1
  PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

  printf '%-46s %10s %8s %8s %9s %7s %10s  %s\n' "$SECONDS_EACH s each" 'requests/s' 'p50, ms' 'p99, ms' 'p99.9, ms' \
    'errors' 'requests' 'MB at start, middle, end'
  "$target/release/matinee" serve --model "$WORK/model" --port "$PORT" >"$WORK/log" 2>&1 &
  load "matinee serve, $CONNECTIONS connections" /predict /health
  "$target/release/matinee-load" "$SECONDS_EACH" "$predict" "$WORK/model" data/ratings.csv >"$WORK/result"
  tell 'predict in one sandbox, one event at a time'
  "$PEERS/bin/gunicorn" --chdir benches/serve --workers 2 --worker-class gthread --threads 8 --bind "127.0.0.1:$PORT" \
    --log-level error surprise_server:app >"$WORK/log" 2>&1 &
  load "gunicorn, 2 workers, $CONNECTIONS connections" /invocations /ping
}

# Waits for the server that was started last, asks it, and ends it.
load() {
  local name=$1 path=$2 health=$3 start middle
  SERVER=$!
  until curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT$health"; do
    kill -0 "$SERVER" 2>/dev/null || { cat "$WORK/log"; fail "$name did not start"; }
    sleep 0.1
  done
  export MATINEE_PATH=$path
  ask 2 >/dev/null
  start=$(resident)
  ask "$SECONDS_EACH" >"$WORK/result" &
  local asking=$!
  sleep $((SECONDS_EACH / 2))
  middle=$(resident)
  wait "$asking"
  sed -i "s/\$/\t$start\t$middle\t$(resident)/" "$WORK/result"
  tell "$name"
  kill "$SERVER"
  wait "$SERVER" || true
  SERVER=
}

ask() {
  wrk --threads 1 --connections "$CONNECTIONS" --duration "${1}s" --script benches/serve/pairs.lua "http://127.0.0.1:$PORT" |
    grep '^result'
}

tell() {
  awk -F'\t' -v name="$1" '{ printf "%-46s %10.0f %8.2f %8.2f %9.2f %7d %10d  %.1f, %.1f, %.1f\n",
    name, $2, $3, $4, $7, $5, $6, $8, $9, $10 }' "$WORK/result"
}

# The memory of the server and its workers in MB; what they share counts once.
resident() {
  local process
  for process in "$SERVER" $(pgrep --parent "$SERVER"); do
    awk '/^Pss:/ { print $2 }' "/proc/$process/smaps_rollup"
  done | awk '{ sum += $1 } END { print sum / 1024 }'
}

fail() {
  echo "error: $1" >&2
  exit 1
}

WORK=$(mktemp -d)
SERVER=
trap '[ -z "$SERVER" ] || kill "$SERVER"; rm -rf "$WORK"' EXIT
main
