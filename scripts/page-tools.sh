#!/usr/bin/env bash
# Makes sure that there is Chromium and Node.js, and installs what the tests of the page need from npm; prints the folder.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}/page

main() {
  command -v chromium >/dev/null && command -v npm >/dev/null || install_packages
  if ! cmp --silent tests/page/package-lock.json "$TOOLS/installed"; then
    echo "installing playwright-core and axe-core into $TOOLS" >&2
    mkdir -p "$TOOLS"
    cp tests/page/package.json tests/page/package-lock.json "$TOOLS/"
    npm ci --prefix "$TOOLS" --ignore-scripts --no-audit --no-fund --silent >&2
    cp tests/page/package-lock.json "$TOOLS/installed"
  fi
  echo "$TOOLS"
}

install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: chromium or npm is missing; install them (Debian: apt-get install chromium nodejs npm)" >&2
    exit 1
  fi
  local packages=()
  command -v chromium >/dev/null || packages+=(chromium fonts-dejavu-core)
  command -v npm >/dev/null || packages+=(nodejs npm)
  echo "installing ${packages[*]}" >&2
  apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${packages[@]}" >&2
}

main
