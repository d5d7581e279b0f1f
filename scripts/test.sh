#!/usr/bin/env bash
# Runs every test. Missing tools are installed if that needs no confirmation; otherwise the script names them.
set -euo pipefail
cd "$(dirname "$0")/.."

export SAM_CLI_TELEMETRY=0
# All steps use the same features, so that nothing is compiled twice.
AWS=matinee/aws

main() {
  step "format" cargo fmt --all --check
  step "clippy" cargo clippy --workspace --all-targets --features "$AWS" --locked --quiet -- --deny warnings
  step "licences, sources and advisories" scripts/check-dependencies.sh
  step "unit and integration tests" cargo test --workspace --features "$AWS" --locked --quiet
  step "documentation" env RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --features "$AWS" --no-deps --locked --quiet
  step "page and API on a server" tests/served.sh
  step "training on Spark" on_spark
  PATH="$(scripts/tools.sh --tests):$PATH"
  step "sam validate" sam validate --region us-east-1
  step "sam validate --lint" sam validate --lint --region us-east-1
  step "template, as CloudFormation transforms it" transformed
  step "checkov" checkov --file template.yaml --framework cloudformation --compact --quiet
  PATH="$PATH:$(scripts/tools.sh --spark)"
  step "the loop on AWS" cargo test --workspace --features "$AWS" --locked --quiet --test loop -- --ignored
  step "requests to SageMaker" python tests/job_requests.py
  step "sam build" sam build
  step "deploy" tests/deploy/run.sh
  docker_up
  step "sam local" tests/sam-local.sh
  step "container" tests/container.sh
  printf '\nall tests passed in %d s\n' "$SECONDS"
}

# With the binary that the tests before it have built.
on_spark() {
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  "$(scripts/tools.sh --spark)/python" tests/spark.py "$target/debug/matinee"
}

transformed() {
  python3 tests/template/check.py "$(scripts/web-tools.sh)" &&
    cargo test --workspace --features "$AWS" --locked --quiet --test template -- --ignored
}

step() {
  local name=$1
  shift
  printf '\n== %s (at %d s)\n' "$name" "$SECONDS"
  "$@" || { printf '\nFAILED: %s\n' "$name" >&2; exit 1; }
}

# Ends the daemon at the end, unless it was running before.
docker_up() {
  printf '\n== Docker (at %d s)\n' "$SECONDS"
  local daemon
  daemon=$(scripts/docker.sh)
  # shellcheck disable=SC2064  # the process id must be expanded now
  [ -z "$daemon" ] || trap "kill $daemon" EXIT
  scripts/lambda-image.sh
}

main
