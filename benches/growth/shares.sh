#!/usr/bin/env bash
# How well a ranking head ranks that has learned from a share of the users: of data/, and of generated ratings:
# benches/growth/shares.sh [RATINGS [RATINGS_PER_USER]]
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked --quiet --package matinee-growth
binary=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/matinee-growth
folder=$(mktemp -d)
# shellcheck disable=SC2064  # the folder is known now
trap "rm -rf '$folder'" EXIT
"$binary" shares data --seeds 10
"$binary" write "${1:-10000000}" "$folder" --ratings-per-user "${2:-145}"
"$binary" shares "$folder"
