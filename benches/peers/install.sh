#!/usr/bin/env bash
# Installs the peers from PyPI into a virtual environment of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}
MARK=$PEERS/installed

if ! cmp --silent benches/peers/requirements.txt "$MARK"; then
  echo "installing the peers into $PEERS" >&2
  [ -x "$PEERS/bin/pip" ] || python3 -m venv "$PEERS"
  "$PEERS/bin/pip" install --quiet --disable-pip-version-check --requirement benches/peers/requirements.txt
  cp benches/peers/requirements.txt "$MARK"
fi
