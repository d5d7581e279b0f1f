#!/bin/sh
# Runs every fuzz target in turn for SECONDS each (default 600), starting from the corpora in fuzz/corpus/. New inputs go to
# a temporary corpus. A crash ends the run, and its input is kept in fuzz/artifacts/.
#   fuzz/run.sh [SECONDS]
set -eu

seconds=${1:-600}
cd "$(dirname "$0")"
grown=$(mktemp -d)
trap 'rm -rf "$grown"' EXIT

for target in $(cargo +nightly fuzz list); do
    mkdir -p "$grown/$target"
    cargo +nightly fuzz run "$target" "$grown/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
        > "$grown/$target.log" 2>&1 || { tail -n 40 "$grown/$target.log" >&2; exit 1; }
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$grown/$target.log")
    echo "$target: $runs runs in $seconds s, no crash"
done
