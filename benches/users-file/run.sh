#!/usr/bin/env bash
# A model with many users: in memory, with users.bin in a folder, and with users.bin in an S3 on loopback that answers each
# request 20 ms late. Prints cold start, memory, and the time of /predict: benches/users-file/run.sh [USERS [FOLDER]]
# The models take 250 bytes of disk per user, in FOLDER or where temporary files are.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked --quiet --package predict --package matinee-users-file
target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
"$target/matinee-users-file" "$target/predict" "${1:-10000000}" "${@:2}"
