#!/usr/bin/env bash
# Builds the functions as `sam build` does, and measures their cold start on this machine: benches/cold-start/run.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/../.."

main() {
  PATH="$(scripts/tools.sh):$PATH"
  # The empty function is not part of the product, so CargoLambda.toml does not name its package.
  cargo lambda build --release --locked --quiet --bin predict
  (cd benches/cold-start && cargo lambda build --release --locked --quiet --package matinee-cold-start --bin empty-function)
  cargo build --release --locked --quiet --package matinee-cold-start --package matinee
  local target model
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  model=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder is known now
  trap "rm -rf '$model'" EXIT
  "$target/release/matinee" train --data data --output "$model/model" >/dev/null 2>&1
  "$target/release/matinee-cold-start" "${1:-20}" "$model/model" \
    "$target/lambda/empty-function/bootstrap" "$target/lambda/predict/bootstrap" "$(python_lambda "$model")"
}

# Makes one executable of the replaced Lambda, with the packages that it needs.
python_lambda() {
  local environment=${MATINEE_PEERS:-$PWD/.tools/peers}-lambda
  if ! cmp --silent benches/cold-start/requirements.txt "$environment/installed"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement benches/cold-start/requirements.txt >&2
    cp benches/cold-start/requirements.txt "$environment/installed"
  fi
  printf '#!/bin/sh\nexec %q %q\n' "$environment/bin/python" "$PWD/benches/cold-start/replaced_lambda.py" >"$1/lambda"
  chmod +x "$1/lambda"
  echo "$1/lambda"
}

main "$@"
