#!/usr/bin/env bash
# Loads two servers in turn, on loopback: the container's `serve`, and the server of the replaced stack, gunicorn with
# flask and scikit-surprise. Each gets requests for random pairs of data/ over 16 connections: benches/serve/run.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
. benches/serve/server.sh

SECONDS_EACH=${1:-10}

main() {
  prepare
  local binary
  binary=$(container/build.sh)
  "$binary" train --data data --output "$WORK/model" >/dev/null 2>&1

  printf '%-36s %11s %9s %9s %7s %19s\n' "$CONNECTIONS connections, $SECONDS_EACH s each" 'requests/s' 'p50, ms' 'p99, ms' 'errors' \
    'requests per CPU s'
  SAGEMAKER_BIND_TO_PORT=$PORT "$binary" sagemaker serve --root "$WORK" >"$WORK/log" 2>&1 &
  load 'matinee sagemaker serve'
  # First the workers of the replaced stack, which close connections, then threads, which keep them open.
  start_replaced --worker-class sync
  load 'gunicorn sync'
  start_replaced --worker-class gthread --threads 8
  load 'gunicorn gthread --threads 8'
}

load() {
  local name=$1 before
  await_server "$name" /ping
  before=$(ticks)
  ask "$SECONDS_EACH" >"$WORK/result"
  awk -F'\t' -v name="$name" -v seconds="$((($(ticks) - before) * 1000 / $(getconf CLK_TCK)))e-3" \
    '{ printf "%-36s %11.0f %9.2f %9.2f %7d %19.0f\n", name, $2, $3, $4, $5, $6 / seconds }' "$WORK/result"
  end_server
}

# The processor time of the server and its workers so far, without the load generator.
ticks() {
  local process total=0
  for process in $(processes); do
    total=$((total + $(awk '{ print $14 + $15 }' "/proc/$process/stat")))
  done
  echo "$total"
}

main
