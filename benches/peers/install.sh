#!/usr/bin/env bash
# Installs the peers from PyPI into separate virtual environments, because some of them only run with numpy 1.
set -euo pipefail
cd "$(dirname "$0")/../.."

PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}

main() {
  install "$PEERS" requirements.txt
  install "$PEERS/numpy1" requirements-numpy1.txt
}

install() {
  local environment=$1 requirements=benches/peers/$2
  if ! cmp --silent "$requirements" "$environment/installed"; then
    echo "installing the peers of $2 into $environment" >&2
    [ -x "$environment/bin/pip" ] || python3 -m venv "$environment"
    # Some are built from source, which needs an old setuptools.
    "$environment/bin/pip" install --quiet --disable-pip-version-check 'setuptools<80' wheel
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation \
      --requirement <(grep '^num' "$requirements")
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --requirement "$requirements"
    cp "$requirements" "$environment/installed"
  fi
}

main
