#!/usr/bin/env bash
# Deploys the built stack on an emulator of AWS: see deploy.py. Run `sam build` and `cargo build --workspace` before it, and
# put the tools of scripts/tools.sh on the PATH. The layer is mounted at /opt in the emulator's own mount namespace.
set -euo pipefail
cd "$(dirname "$0")/../.."

tool_python() {
  head -n 1 "$(command -v "$1")" | tail -c +3
}

SAM_PYTHON=$(tool_python sam)
MOTO_PYTHON=$(tool_python moto_server)
export SAM_PYTHON MOTO_PYTHON
target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

built=${1:-.aws-sam/build}
"$SAM_PYTHON" tests/deploy/emulator_template.py "$built/template.yaml" "$built/emulator.yaml"
"$(tool_python ministack)" tests/deploy/deploy.py "$target/debug/matinee" "$built"
