# Sourced by the scripts that load servers. It provides a port, the server under test, and load by benches/serve/pairs.lua.

CONNECTIONS=16
PEERS=${MATINEE_PEERS:-$PWD/.tools/peers}
WORK=$(mktemp -d)
SERVER=
trap '[ -z "$SERVER" ] || kill "$SERVER"; rm -rf "$WORK"' EXIT

prepare() {
  prepare_load
  benches/peers/install.sh
}

# Without the replaced stack.
prepare_load() {
  command -v wrk >/dev/null || fail "wrk is missing; install it (Debian: apt-get install wrk)"
  PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

# Starts the server of the replaced stack in the background. The arguments are those of gunicorn.
start_replaced() {
  "$PEERS/bin/gunicorn" --chdir benches/serve --workers 2 "$@" --bind "127.0.0.1:$PORT" --log-level error \
    surprise_server:app >"$WORK/log" 2>&1 &
}

# Waits until the last started server answers the path, and warms it up.
await_server() {
  local name=$1 health=$2
  SERVER=$!
  until curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT$health"; do
    kill -0 "$SERVER" 2>/dev/null || { cat "$WORK/log"; fail "$name did not start"; }
    sleep 0.1
  done
  ask 2 >/dev/null
}

# Requests random pairs of data/ for some seconds, and prints the results of the script.
ask() {
  wrk --threads 1 --connections "$CONNECTIONS" --duration "${1}s" --script "benches/serve/${SCRIPT:-pairs.lua}" "http://127.0.0.1:$PORT" |
    grep '^result'
}

end_server() {
  kill "$SERVER"
  wait "$SERVER" || true
  SERVER=
}

# The processes of the server and its workers.
processes() {
  echo "$SERVER"
  pgrep --parent "$SERVER" || true
}

fail() {
  echo "error: $1" >&2
  exit 1
}
