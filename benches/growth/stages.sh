#!/usr/bin/env bash
# Time and peak memory of each stage of training, from generated files: benches/growth/stages.sh [RATINGS [RATINGS_PER_USER]]
# The files take 30 bytes for each rating, where temporary files are.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked --quiet --package matinee-growth
binary=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/matinee-growth
folder=$(mktemp -d)
# shellcheck disable=SC2064  # the folder is known now
trap "rm -rf '$folder'" EXIT
"$binary" write "${1:-10000000}" "$folder" --ratings-per-user "${2:-145}"
"$binary" stages "$folder" --algorithm vb
