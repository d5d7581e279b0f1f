#!/usr/bin/env bash
# Runs the built function under sam's own emulators: every event with `sam local invoke`, and curl against
# `sam local start-api`. Run `sam build` before it. Needs Docker with the base image.
set -euo pipefail
cd "$(dirname "$0")/.."

export SAM_CLI_TELEMETRY=0
# A cold start reads the binary, so it should not grow unnoticed. The page takes 0.1 MB of it.
MAX_BOOTSTRAP_BYTES=17500000

main() {
  binary_is_small
  for event in events/*.json; do
    invoke "$event"
  done
  start_api
  try_api
}

binary_is_small() {
  local size
  size=$(stat --format=%s .aws-sam/build/PredictFunction/bootstrap)
  echo "bootstrap: $size bytes"
  [ "$size" -lt "$MAX_BOOTSTRAP_BYTES" ] || fail "the function's binary has $size bytes, more than $MAX_BOOTSTRAP_BYTES"
}

# An event must be answered with 200, or with STATUS if it is named *-STATUS.json. An event named direct-*.json does not come
# from an API, so its answer is only the body.
invoke() {
  local event=$1 expected=200 answer
  [[ $event =~ -([0-9]{3})\.json$ ]] && expected=${BASH_REMATCH[1]}
  answer=$(sam local invoke PredictFunction --event "$event" --skip-pull-image 2>"$LOG") || { cat "$LOG"; fail "$event"; }
  python3 - "$expected" "$event" "$answer" <<'PYTHON' || { cat "$LOG"; fail "$event"; }
import json, sys
expected, event, answer = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
if "/direct-" in event:
    assert "errorType" not in answer, answer
    print(f"{event}: {str(answer)[:300]}")
    sys.exit()
assert answer["statusCode"] == expected, answer
if "/predict" in event and expected == 200:
    body = json.loads(answer["body"])
    assert body["movie_title"] == "Fight Club (1999)" and 0.5 <= body["predicted_rating"] <= 5, body
print(f"{event}: {answer['statusCode']} {answer['body'][:300]!r}")
PYTHON
}

start_api() {
  PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  sam local start-api --host 127.0.0.1 --port "$PORT" --skip-pull-image --warm-containers EAGER >"$LOG" 2>&1 &
  API=$!
  for _ in $(seq 240); do
    curl --silent --output /dev/null "http://127.0.0.1:$PORT/health" && return
    kill -0 "$API" 2>/dev/null || break
    sleep 0.5
  done
  cat "$LOG"
  fail "sam local start-api did not answer"
}

try_api() {
  expect 200 '"movie_title":"Fight Club (1999)"' /predict --data '{"userId":"2","movieId":"2959"}'
  expect 200 '"known_user":false' /predict --data '{"userId":"nobody","movieId":2959}'
  expect 404 '"code":"unknown_movie"' /predict --data '{"userId":"2","movieId":"no such movie"}'
  expect 400 'is missing' /predict --data '{"userId":"2"}'
  expect 200 '"algorithm"' /model
  expect 200 '"status":"ok"' /health
  expect 200 '"because":[{"movie_id":"2959"' '/recommendations?limit=2&yearFrom=1999' --data '{"ratings":[{"movieId":"2959","rating":5}]}'
  expect 200 '"recommendations":[' '/users/2/recommendations?genre=Drama'
  expect 200 'Fight Club (1999)' '/movies?query=fight%20clbu'
  expect 200 '"similar":[' /movies/2959/similar
  expect 200 '<title>Matinee' /
  expect 200 'import' /page/main.js
}

expect() {
  local status=$1 text=$2 path=$3 answer
  shift 3
  answer=$(curl --silent --max-time 60 --write-out '\n%{http_code}' "$@" "http://127.0.0.1:$PORT$path")
  echo "curl $path $*: $answer" | tr '\n' ' '
  echo
  [[ $answer == *"$text"*$'\n'"$status" ]] || { tail -20 "$LOG"; fail "expected status $status and $text"; }
}

fail() {
  echo "error: $1" >&2
  exit 1
}

LOG=$(mktemp)
API=
trap '[ -z "$API" ] || kill "$API" 2>/dev/null; [ -z "$API" ] || wait "$API" || true; rm -f "$LOG"' EXIT
main
