#!/usr/bin/env bash
# Builds the functions as `sam build` does, and measures their cold start on this machine: benches/cold-start/run.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/../.."

main() {
  PATH="$(scripts/tools.sh):$PATH"
  # The empty function is no part of the product: CargoLambda.toml does not name its package.
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
    "$target/lambda/empty-function/bootstrap" "$target/lambda/predict/bootstrap"
}

main "$@"
