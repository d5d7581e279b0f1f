#!/usr/bin/env bash
# Checks licences, sources and bans of every dependency against deny.toml, and known vulnerabilities against RustSec's
# database. That database is a git repository and is not in any package registry. If it cannot be downloaded, this script
# says so and passes; with REQUIRE_ADVISORIES=1 it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}/dependencies
VERSION=0.20.2

main() {
  install
  "$TOOLS/bin/cargo-deny" --locked check --hide-inclusion-graph licenses bans sources
  check_advisories
}

check_advisories() {
  local log
  if log=$(timeout 120 "$TOOLS/bin/cargo-deny" fetch db 2>&1); then
    "$TOOLS/bin/cargo-deny" --locked check --disable-fetch --hide-inclusion-graph advisories
    return
  fi
  echo "advisories NOT CHECKED: the database cannot be fetched: $(tail -1 <<<"$log")"
  [ -z "${REQUIRE_ADVISORIES:-}" ]
}

install() {
  [ "$("$TOOLS/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $VERSION" ] && return
  echo "installing cargo-deny $VERSION into $TOOLS, which takes minutes" >&2
  cargo install --quiet --locked --root "$TOOLS" "cargo-deny@$VERSION" >&2
}

main
