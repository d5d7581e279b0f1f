#!/usr/bin/env bash
# Load on one server after the other, on loopback: the container's `serve`, and the server of the replaced stack, gunicorn
# with flask and scikit-surprise. Each is asked for random pairs of data/ over 16 connections: benches/serve/run.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../.."

SECONDS_EACH=${1:-10}
CONNECTIONS=16
PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}

main() {
  command -v wrk >/dev/null || fail "wrk is missing; install it (Debian: apt-get install wrk)"
  benches/peers/install.sh
  local binary
  binary=$(container/build.sh)
  "$binary" train --data data --output "$WORK/model" >/dev/null 2>&1
  PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

  printf '%-36s %11s %9s %9s %7s %19s\n' "$CONNECTIONS connections, $SECONDS_EACH s each" 'requests/s' 'p50, ms' 'p99, ms' 'errors' \
    'requests per CPU s'
  SAGEMAKER_BIND_TO_PORT=$PORT "$binary" sagemaker serve --root "$WORK" >"$WORK/log" 2>&1 &
  load 'matinee sagemaker serve'
  # The workers of the replaced stack, and threads that keep connections open, where the others do not.
  for workers in '--worker-class sync' '--worker-class gthread --threads 8'; do
    # shellcheck disable=SC2086  # several words
    "$PEERS/bin/gunicorn" --chdir benches/serve --workers 2 $workers --bind "127.0.0.1:$PORT" --log-level error \
      surprise_server:app >"$WORK/log" 2>&1 &
    load "gunicorn ${workers#--worker-class }"
  done
}

# Waits for the server that was started last, asks it, and ends it.
load() {
  local name=$1
  SERVER=$!
  until curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT/ping"; do
    kill -0 "$SERVER" 2>/dev/null || { cat "$WORK/log"; fail "$name did not start"; }
    sleep 0.1
  done
  wrk --threads 1 --connections "$CONNECTIONS" --duration 2s --script benches/serve/pairs.lua "http://127.0.0.1:$PORT" >/dev/null
  local before
  before=$(ticks)
  wrk --threads 1 --connections "$CONNECTIONS" --duration "${SECONDS_EACH}s" --script benches/serve/pairs.lua \
    "http://127.0.0.1:$PORT" | grep '^result' >"$WORK/result"
  awk -F'\t' -v name="$name" -v seconds="$((($(ticks) - before) * 1000 / $(getconf CLK_TCK)))e-3" \
    '{ printf "%-36s %11.0f %9.2f %9.2f %7d %19.0f\n", name, $2, $3, $4, $5, $6 / seconds }' "$WORK/result"
  kill "$SERVER"
  wait "$SERVER" || true
  SERVER=
}

# The processor time of the server and its workers so far, which the load generator does not share.
ticks() {
  local process total=0
  for process in "$SERVER" $(pgrep --parent "$SERVER"); do
    total=$((total + $(awk '{ print $14 + $15 }' "/proc/$process/stat")))
  done
  echo "$total"
}

fail() {
  echo "error: $1" >&2
  exit 1
}

WORK=$(mktemp -d)
SERVER=
trap '[ -z "$SERVER" ] || kill "$SERVER"; rm -rf "$WORK"' EXIT
main
