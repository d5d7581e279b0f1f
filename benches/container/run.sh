#!/usr/bin/env bash
# The size of the image and its start time, compared to the minimal size of the replaced stack's image:
# benches/container/run.sh [RUNS]. Needs Docker.
set -euo pipefail
cd "$(dirname "$0")/../.."

RUNS=${1:-10}
IMAGE=matinee:bench
PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}
# What the replaced stack's image installs from Debian, without its base image.
DEBIAN_PACKAGES=(python3.11-minimal libpython3.11-minimal libpython3.11-stdlib nginx nginx-common)

main() {
  container/build_and_push.sh --no-push "$IMAGE" >/dev/null
  starts
  sizes
}

starts() {
  "$(container/build.sh)" train --data data --output "$WORK/model" >/dev/null 2>&1
  local times=() port started
  for _ in $(seq "$RUNS"); do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    started=$(date +%s%N)
    docker run --detach --name "$SERVER" --network host --env SAGEMAKER_BIND_TO_PORT="$port" \
      --volume "$WORK:/opt/ml:ro" "$IMAGE" serve >/dev/null
    until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/ping"; do :; done
    times+=($((($(date +%s%N) - started) / 1000000)))
    docker rm --force "$SERVER" >/dev/null
  done
  printf '%s\n' "${times[@]}" | sort --numeric-sort |
    awk '{ t[NR] = $1 } END { printf "docker run to the first 200 on /ping, ms: %d median, %d to %d, %d runs\n", t[int((NR + 1) / 2)], t[1], t[NR], NR }'
}

sizes() {
  benches/peers/install.sh
  local python debian package
  # An image for serving does not need pip or compilers.
  python=$(du --summarize --bytes --exclude=pip --exclude=__pycache__ --exclude=setuptools "$PEERS"/lib/python3*/site-packages | cut -f1)
  debian=0
  for package in "${DEBIAN_PACKAGES[@]}"; do
    debian=$((debian + $(apt-cache show "$package" | awk '/^Installed-Size:/ { print $2; exit }') * 1024))
  done
  printf 'image: %s MB\n' "$(megabytes "$(docker image inspect --format '{{.Size}}' "$IMAGE")")"
  printf 'replaced stack, without a base image: %s MB (%s MB of Python packages, %s MB of python3.11 and nginx)\n' \
    "$(megabytes $((python + debian)))" "$(megabytes "$python")" "$(megabytes "$debian")"
}

megabytes() {
  awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1e6 }'
}

WORK=$(mktemp -d)
SERVER=matinee-bench-$$
trap 'docker rm --force "$SERVER" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT
main
