#!/usr/bin/env bash
# Starts two servers with a model of data/, one of which needs a token, and tests the page in headless Chromium and the API
# with requests that schemathesis derives from /openapi.json. The report of an evaluation is tested with the page. Screenshots are left in target/page. Run
# `cargo test --workspace` before it, which builds the binary.
set -euo pipefail
cd "$(dirname "$0")/.."

SCREENSHOTS=target/page

main() {
  local tools
  tools=$(scripts/web-tools.sh)
  prepare
  serve "$WORK/ratings.db"
  ADDRESS=$SERVED
  serve "$WORK/token.db" --token "$TOKEN"
  TOKEN_ADDRESS=$SERVED
  mkdir -p "$SCREENSHOTS"
  ADDRESS=$ADDRESS TOKEN_ADDRESS=$TOKEN_ADDRESS TOKEN=$TOKEN TOOLS=$tools OUTPUT=$SCREENSHOTS REPORT=$WORK/report.html node tests/page/page.mjs
  try_the_document "$tools/python/bin/schemathesis"
}

prepare() {
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  # The sample has no links, so the page is tested with those of one movie.
  mkdir "$WORK/data"
  cp data/*.csv "$WORK/data/"
  printf 'movieId,imdbId,tmdbId\n260,0076759,11\n' >"$WORK/data/links.csv"
  MATINEE=$target/debug/matinee
  "$MATINEE" train --data "$WORK/data" --output "$WORK/model" >"$WORK/log" 2>&1 || fail "training failed"
  "$MATINEE" evaluate --algorithm bias --algorithm mean --html "$WORK/report.html" >"$WORK/log" 2>&1 || fail "the evaluation failed"
}

# Starts a server that keeps ratings in this file, and sets SERVED to its address.
serve() {
  local ratings=$1
  shift
  "$MATINEE" serve --model "$WORK/model" --ratings "$ratings" --port 0 "$@" >"$ratings.log" 2>&1 &
  SERVERS+=($!)
  for _ in $(seq 100); do
    SERVED=$(sed -n 's/.* at \(http:[^;]*\);.*/\1/p' "$ratings.log")
    [ -n "$SERVED" ] && return
    sleep 0.1
  done
  fail "the server did not start"
}

# Sends valid and invalid requests: there must be no 5xx and no undocumented answer.
try_the_document() {
  "$1" run "$ADDRESS/openapi.json" --url "$ADDRESS" --max-examples 60 --seed 1 --workers 1 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method \
    --suppress-health-check all
}

fail() {
  cat "$WORK"/*log >&2
  echo "error: $1" >&2
  exit 1
}

WORK=$(mktemp -d)
SERVERS=()
TOKEN=secret-of-the-page
trap '[ ${#SERVERS[@]} = 0 ] || kill "${SERVERS[@]}" 2>/dev/null || true; rm -rf "$WORK"' EXIT
main
