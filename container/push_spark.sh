#!/usr/bin/env bash
# Uploads what a training job on Spark runs, spark/train.py and the static binary for ARM, to the bucket of the stack.
#   container/push_spark.sh                   builds the binary
#   container/push_spark.sh --binary FILE     uploads this binary
# MATINEE_BUCKET names the bucket. Without it, it is read from the stack MATINEE_STACK (matinee).
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  local binary=
  case ${1:-} in
  "") ;;
  --binary) binary=${2:-}; [ -f "$binary" ] || usage "there is no file '$binary'" ;;
  *) usage "unknown option $1" ;;
  esac
  command -v aws >/dev/null ||
    fail "aws is missing; see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
  local bucket folder
  bucket=$(find_bucket)
  # start-training looks for the program of its own release.
  folder=s3://$bucket/spark/$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
  [ -n "$binary" ] || binary=$(container/build.sh aarch64)
  upload spark/train.py "$folder/train.py"
  upload "$binary" "$folder/matinee"
}

find_bucket() {
  local stack=${MATINEE_STACK:-matinee} bucket=${MATINEE_BUCKET:-}
  if [ -z "$bucket" ]; then
    bucket=$(aws cloudformation describe-stacks --stack-name "$stack" \
      --query 'Stacks[0].Outputs[?OutputKey==`BucketName`].OutputValue' --output text) ||
      fail "the bucket of the stack $stack is unknown; deploy the stack, or set MATINEE_STACK or MATINEE_BUCKET"
  fi
  echo "$bucket"
}

upload() {
  aws s3 cp --only-show-errors "$1" "$2" || fail "$2 cannot be written; the permission s3:PutObject is needed"
  echo "uploaded $2"
}

usage() {
  fail "$1; usage: container/push_spark.sh [--binary FILE]"
}

fail() {
  echo "error: $1" >&2
  exit 1
}

main "$@"
