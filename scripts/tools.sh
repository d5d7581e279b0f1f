#!/usr/bin/env bash
# Installs the commands that the documents use (sam, the AWS CLI, cargo-lambda and cfn-lint) from PyPI into virtual
# environments, and prints their folder. With --tests it also installs checkov, moto and ministack, which only the tests
# use. With --spark it installs Spark and Java instead, and with --arm a compiler of programs for ARM processors.
set -euo pipefail
cd "$(dirname "$0")/.."

TOOLS=${MATINEE_TOOLS:-$PWD/.tools}
PINNED=(aws-sam-cli==1.170.0 awscli==1.46.3 cargo-lambda==1.9.2 cfn-lint==1.58.0)

# checkov needs an older boto3 than sam, and ministack needs the boto3 that matches its botocore.
CHECKS=$TOOLS-checks
PINNED_CHECKS=(checkov==3.3.30 "moto[s3,server]==5.2.5")
EMULATOR=$TOOLS-emulator
PINNED_EMULATOR=(ministack==1.5.33 aws-sam-translator==1.115.0 boto3==1.43.106 cryptography)

# Spark needs Java.
SPARK=$TOOLS-spark
PINNED_SPARK=(pyspark==3.5.9)

# Zig comes with it, which compiles C for every processor.
ARM=$TOOLS-arm
PINNED_ARM=(cargo-zigbuild==0.24.0)

main() {
  if [ "${1:-}" = --arm ]; then
    install "$ARM" "${PINNED_ARM[@]}"
    echo "$ARM/bin"
    return
  fi
  if [ "${1:-}" = --spark ]; then
    install "$SPARK" "${PINNED_SPARK[@]}"
    command -v java >/dev/null || install_java
    echo "$SPARK/bin"
    return
  fi
  install "$TOOLS" "${PINNED[@]}"
  if [ "${1:-}" = --tests ]; then
    install "$CHECKS" "${PINNED_CHECKS[@]}"
    install "$EMULATOR" "${PINNED_EMULATOR[@]}"
    echo "$TOOLS/bin:$CHECKS/bin:$EMULATOR/bin"
  else
    echo "$TOOLS/bin"
  fi
}

install() {
  local folder=$1
  shift
  if [ "$(cat "$folder/installed" 2>/dev/null)" != "$*" ]; then
    echo "installing $* into $folder" >&2
    make_environment "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
    echo "$*" >"$folder/installed"
  fi
}

make_environment() {
  local folder=$1
  [ -x "$folder/bin/pip" ] && return
  rm -rf "$folder"
  python3 -m venv "$folder" >&2 2>/dev/null && return
  rm -rf "$folder"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet=2 && apt-get install --yes --quiet=2 python3 python3-venv >&2
    python3 -m venv "$folder" >&2
  else
    echo "error: python3 or its venv module is missing; install it (Debian: apt-get install python3-venv)" >&2
    exit 1
  fi
}

install_java() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: Java is missing; install it (Debian: apt-get install openjdk-17-jre-headless)" >&2
    exit 1
  fi
  echo "installing openjdk-17-jre-headless" >&2
  apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends openjdk-17-jre-headless >&2
}

main "$@"
