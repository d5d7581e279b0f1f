#!/usr/bin/env bash
# What ratings in SQLite cost: predictions and lists of ratings without a store, with one that has nothing of the users, and
# with one that has ratings of them; and writes to it. Each over one connection and over 16, on loopback:
# benches/serve/kept_ratings.sh [SECONDS]
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

  printf '%-32s %20s   %s\n' "$SECONDS_EACH s each" '1 connection' "$CONNECTIONS connections"
  printf '%-32s %9s %10s   %11s %7s %8s %7s\n' '' 'p50, ms' '' 'requests/s' '' 'p99, ms' 'errors'
  "$matinee" serve --model "$WORK/model" --port "$PORT" >"$WORK/log" 2>&1 &
  await_server 'matinee serve' /health
  echo 'without a store'
  measure '  POST /predict' pairs.lua
  measure '  GET of the ratings of a user' lists.lua
  end_server
  "$matinee" serve --model "$WORK/model" --port "$PORT" --ratings "$WORK/ratings.db" >"$WORK/log" 2>&1 &
  await_server 'matinee serve --ratings' /health
  echo 'nothing is kept of the users'
  measure '  POST /predict' pairs.lua
  measure '  GET of the ratings of a user' lists.lua
  echo 'writing'
  measure '  PUT of a rating' writes.lua
  echo 'ratings of the users are kept'
  measure '  POST /predict' pairs.lua
  measure '  GET of the ratings of a user' lists.lua
  end_server
}

# Prints a row. A request that was measured before is compared with the first time.
measure() {
  local name=$1 script=$2
  SCRIPT=$script CONNECTIONS=1 ask "$SECONDS_EACH" >"$WORK/now"
  SCRIPT=$script ask "$SECONDS_EACH" >>"$WORK/now"
  [ -e "$WORK/first-$script" ] || cp "$WORK/now" "$WORK/first-$script"
  awk -F'\t' -v name="$name" '
    { p50[NR] = $3; rate[NR] = $2; p99[NR] = $4; errors[NR] = $5 }
    END {
      # The first two lines are the first time, the others this one; of both, one connection comes first.
      printf "%-32s %9.3f %9.2fx   %11.0f %6.2fx %8.2f %7d\n", name, p50[3], p50[3] / p50[1], rate[4],
        rate[4] / rate[2], p99[4], errors[3] + errors[4]
    }' "$WORK/first-$script" "$WORK/now"
}

main
