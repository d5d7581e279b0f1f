#!/usr/bin/env bash
# Compares Matinee with its peers on the same folds in the same run. The peers come from PyPI.
#   benches/peers/run.sh svd     the SVD of the replaced stack, one thread each
set -euo pipefail
cd "$(dirname "$0")/../.."

PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}

main() {
  local comparison=${1:-svd}
  local mark="$PEERS/installed"
  if ! cmp --silent benches/peers/requirements.txt "$mark"; then
    echo "installing the peers into $PEERS" >&2
    [ -x "$PEERS/bin/pip" ] || python3 -m venv "$PEERS"
    "$PEERS/bin/pip" install --quiet --disable-pip-version-check --requirement benches/peers/requirements.txt
    cp benches/peers/requirements.txt "$mark"
  fi
  cargo build --release --locked --quiet --package matinee
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  exec "$PEERS/bin/python" "benches/peers/$comparison.py" "$target/release/matinee"
}

main "$@"
