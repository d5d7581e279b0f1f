#!/usr/bin/env bash
# Builds the static binary, and prints its path.
#   container/build.sh             for the image (x86_64)
#   container/build.sh aarch64     for Spark on ARM processors, with the compiler of Zig
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  command -v cargo >/dev/null || fail "cargo is missing; see https://rustup.rs"
  local target=${1:-x86_64}-unknown-linux-musl
  local build=(--release --locked --quiet --package matinee --features table --target "$target")
  case $target in
  x86_64-*)
    add_target "$target"
    add_compiler
    CC_x86_64_unknown_linux_musl=musl-gcc cargo build "${build[@]}" || fail "the binary cannot be built"
    ;;
  aarch64-*)
    add_target "$target"
    PATH="$(scripts/tools.sh --arm):$PATH" cargo zigbuild "${build[@]}" || fail "the binary cannot be built"
    ;;
  *) fail "unknown processor ${1:-}; usage: container/build.sh [x86_64|aarch64]" ;;
  esac
  echo "$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/$target/release/matinee"
}

add_target() {
  [ ! -d "$(rustc --print target-libdir --target "$1")" ] || return 0
  command -v rustup >/dev/null || fail "the Rust target $1 is missing, and rustup, which could add it, is not installed; see https://rustup.rs"
  rustup target add "$1" >&2 || fail "the Rust target $1 cannot be added"
}

# Some dependencies contain C code.
add_compiler() {
  ! command -v musl-gcc >/dev/null || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "musl-gcc is missing; install it (Debian: apt-get install musl-tools)"
  fi
  echo "installing musl-tools" >&2
  { apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends musl-tools; } >/dev/null ||
    fail "musl-tools cannot be installed"
}

fail() {
  echo "error: $1" >&2
  exit 1
}

main "$@"
