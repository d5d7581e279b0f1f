#!/usr/bin/env bash
# Compares training in one process, training on Spark and MLlib's ALS on the same generated ratings and two cores:
# benches/spark/run.sh [RATINGS]
# The files take 60 bytes for each rating, where temporary files are. If set, BINARY and GROWTH are programs that were built
# before, and DATA is a folder with ratings.csv and movies.csv to take instead of generated ones.
set -euo pipefail
cd "$(dirname "$0")/../.."

main() {
  local spark folder
  spark=$(benches/spark/install.sh)
  folder=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder is known now
  trap "rm -rf '$folder'" EXIT
  local binary=${BINARY:-$(built matinee)} data=${DATA:-$folder}
  if [ -z "${DATA:-}" ]; then
    "${GROWTH:-$(built matinee-growth)}" write "${1:-10000000}" "$data" --ratings-per-user 145
  fi
  taskset --cpu-list 0,1 "$spark/python" benches/spark/compare.py "$binary" "$data" "$folder"
}

# The program of a package.
built() {
  cargo build --release --locked --quiet --package "$1"
  cargo metadata --no-deps --format-version 1 | sed "s|.*\"target_directory\":\"\([^\"]*\)\".*|\1/release/$1|"
}

main "$@"
