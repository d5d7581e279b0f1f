#!/usr/bin/env bash
# Installs sam, cargo-lambda and cfn-lint from PyPI into a virtual environment, and prints where their commands are.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}
PINNED=(aws-sam-cli==1.170.0 cargo-lambda==1.9.2 cfn-lint==1.58.0)

main() {
  local mark="$TOOLS/installed"
  if [ "$(cat "$mark" 2>/dev/null)" != "${PINNED[*]}" ]; then
    echo "installing ${PINNED[*]} into $TOOLS" >&2
    make_environment
    "$TOOLS/bin/pip" install --quiet --disable-pip-version-check "${PINNED[@]}" >&2
    echo "${PINNED[*]}" >"$mark"
  fi
  echo "$TOOLS/bin"
}

make_environment() {
  [ -x "$TOOLS/bin/pip" ] && return
  rm -rf "$TOOLS"
  python3 -m venv "$TOOLS" >&2 2>/dev/null && return
  rm -rf "$TOOLS"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet=2 && apt-get install --yes --quiet=2 python3 python3-venv >&2
    python3 -m venv "$TOOLS" >&2
  else
    echo "error: python3 with its venv module is missing; install it (Debian: apt-get install python3-venv)" >&2
    exit 1
  fi
}

main
