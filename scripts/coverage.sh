#!/usr/bin/env bash
# The share of the lines that the tests reach, by file: scripts/coverage.sh [PACKAGE...]. Without packages, those that need no
# AWS SDK, which would take minutes to compile once more.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}/coverage

main() {
  [ "$#" -gt 0 ] || set -- matinee-model matinee-train matinee-api
  rustup component add llvm-tools >/dev/null 2>&1
  [ -x "$TOOLS/bin/cargo-llvm-cov" ] || cargo install --quiet --locked --root "$TOOLS" cargo-llvm-cov
  local package packages=()
  for package in "$@"; do packages+=(--package "$package"); done
  PATH="$TOOLS/bin:$PATH" cargo llvm-cov "${packages[@]}" --locked --summary-only
}

main "$@"
