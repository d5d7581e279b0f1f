#!/usr/bin/env bash
# Builds the static binary for the image, and prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=x86_64-unknown-linux-musl

main() {
  command -v cargo >/dev/null || fail "cargo is missing; see https://rustup.rs"
  add_target
  add_compiler
  CC_x86_64_unknown_linux_musl=musl-gcc cargo build --release --locked --quiet --package matinee --features table --target "$TARGET" ||
    fail "the binary cannot be built"
  echo "$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/$TARGET/release/matinee"
}

add_target() {
  [ ! -d "$(rustc --print target-libdir --target "$TARGET")" ] || return 0
  command -v rustup >/dev/null || fail "the Rust target $TARGET is missing, and rustup, which could add it, is not installed; see https://rustup.rs"
  rustup target add "$TARGET" >&2 || fail "the Rust target $TARGET cannot be added"
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

main
