#!/usr/bin/env bash
# Makes sure that Chromium and Node.js are installed. It installs the npm packages for the tests of the page, and the PyPI
# packages for the tests of the API's description, and prints the folder that contains both.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}/web
SCHEMATHESIS=schemathesis==4.32.5

main() {
  command -v chromium >/dev/null && command -v npm >/dev/null || install_packages
  if ! cmp --silent tests/page/package-lock.json "$TOOLS/installed"; then
    echo "installing playwright-core and axe-core into $TOOLS" >&2
    mkdir -p "$TOOLS"
    cp tests/page/package.json tests/page/package-lock.json "$TOOLS/"
    npm ci --prefix "$TOOLS" --ignore-scripts --no-audit --no-fund --silent >&2
    cp tests/page/package-lock.json "$TOOLS/installed"
  fi
  if [ "$(cat "$TOOLS/python/installed" 2>/dev/null)" != "$SCHEMATHESIS" ]; then
    echo "installing $SCHEMATHESIS into $TOOLS" >&2
    # sam pins other versions of the same dependencies, so schemathesis gets an environment of its own.
    python3 -m venv "$TOOLS/python" >&2
    "$TOOLS/python/bin/pip" install --quiet --disable-pip-version-check "$SCHEMATHESIS" >&2
    echo "$SCHEMATHESIS" >"$TOOLS/python/installed"
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
