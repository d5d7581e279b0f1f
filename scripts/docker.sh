#!/usr/bin/env bash
# Makes sure that a Docker daemon answers. As root on Debian, it installs and starts Docker if necessary. If it started a
# daemon, it prints the process id, and the caller has to end it.
set -euo pipefail

LOG=${TMPDIR:-/tmp}/matinee-dockerd.log

main() {
  answers && return
  [ "$(id -u)" = 0 ] || fail "no Docker daemon answers; start Docker, or run this as root on Debian"
  command -v dockerd >/dev/null || install_docker
  start_daemon
}

answers() {
  docker info >/dev/null 2>&1
}

install_docker() {
  command -v apt-get >/dev/null || fail "Docker is not installed; see https://docs.docker.com/engine/install/"
  echo "installing docker.io" >&2
  {
    apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends docker.io iptables
  } >"$LOG" 2>&1 || { tail -5 "$LOG" >&2; fail "docker.io cannot be installed"; }
}

start_daemon() {
  echo "starting dockerd, log in $LOG" >&2
  nohup dockerd >"$LOG" 2>&1 &
  local daemon=$!
  for _ in $(seq 60); do
    if answers; then
      echo "$daemon"
      return
    fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.5
  done
  tail -5 "$LOG" >&2
  fail "dockerd did not start"
}

fail() {
  echo "error: $1" >&2
  exit 1
}

main
