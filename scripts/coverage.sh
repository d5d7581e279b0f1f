#!/usr/bin/env bash
# Prints the share of the lines that the tests reach, by file: scripts/coverage.sh [PACKAGE...]. Without arguments, it
# measures the packages that answer requests. The others are slow: the AWS SDK would take minutes to compile again, and
# training would take many minutes with counters.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}/coverage

main() {
  [ "$#" -gt 0 ] || set -- matinee-model matinee-api
  rustup component add llvm-tools >/dev/null 2>&1
  [ -x "$TOOLS/bin/cargo-llvm-cov" ] || cargo install --quiet --locked --root "$TOOLS" cargo-llvm-cov
  local package packages=()
  for package in "$@"; do packages+=(--package "$package"); done
  PATH="$TOOLS/bin:$PATH" cargo llvm-cov "${packages[@]}" --locked --summary-only
}

main "$@"
