#!/usr/bin/env bash
# Builds the SageMaker image and pushes it to Amazon ECR, in the account and region of the AWS CLI's configuration.
#   container/build_and_push.sh NAME[:TAG]              builds, creates the repository if it is missing, pushes
#   container/build_and_push.sh --no-push NAME[:TAG]    only builds, for this machine's Docker
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
  local push=true name=
  while [ $# -gt 0 ]; do
    case $1 in
    --no-push) push=false ;;
    -*) usage "unknown option $1" ;;
    *) [ -z "$name" ] || usage "one name is enough"; name=$1 ;;
    esac
    shift
  done
  [[ $name =~ ^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$ ]] || usage "'$name' is not a valid image name"
  [[ $name == *:* ]] || name=$name:latest
  need docker "see https://docs.docker.com/engine/install/"
  docker info >/dev/null 2>&1 || fail "no Docker daemon answers; start Docker, or run scripts/docker.sh as root"
  if $push; then
    # This comes before the build, which takes minutes.
    find_registry
  fi
  build "$name"
  if $push; then
    push "$name"
  fi
}

find_registry() {
  need aws "see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html, or use --no-push"
  REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
  [ -n "$REGION" ] || fail "the AWS CLI has no region; run 'aws configure', or set AWS_REGION"
  ACCOUNT=$(aws sts get-caller-identity --query Account --output text) ||
    fail "the AWS CLI has no valid credentials; run 'aws configure' or 'aws sso login'"
  local domain=amazonaws.com
  [[ $REGION != cn-* ]] || domain=amazonaws.com.cn
  REGISTRY=$ACCOUNT.dkr.ecr.$REGION.$domain
}

build() {
  local name=$1 binary context
  echo "building $name" >&2
  binary=$(container/build.sh)
  context=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder must be expanded now
  trap "rm -rf '$context'" EXIT
  cp "$binary" "$context/"
  # SageMaker needs an image. With attestations, Docker would push an index of images.
  BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --quiet --platform linux/amd64 --tag "$name" --file container/Dockerfile \
    "$context" >/dev/null || fail "the image does not build"
  echo "built $name: $(docker image inspect --format '{{.Size}}' "$name") bytes"
}

push() {
  local name=$1 repository=${1%%:*}
  if ! aws ecr describe-repositories --region "$REGION" --repository-names "$repository" >/dev/null 2>&1; then
    aws ecr create-repository --region "$REGION" --repository-name "$repository" \
      --image-scanning-configuration scanOnPush=true >/dev/null ||
      fail "the repository $repository does not exist and cannot be created; the permission ecr:CreateRepository is needed"
    echo "created the repository $repository"
  fi
  # Two steps, because a pipe would hide which of them fails.
  local password
  password=$(aws ecr get-login-password --region "$REGION") ||
    fail "ECR returns no password; the permission ecr:GetAuthorizationToken is needed"
  docker login --username AWS --password-stdin "$REGISTRY" <<<"$password" >/dev/null || fail "$REGISTRY refuses the login"
  docker tag "$name" "$REGISTRY/$name"
  docker push --quiet "$REGISTRY/$name" >/dev/null || fail "$REGISTRY/$name cannot be pushed"
  echo "pushed $REGISTRY/$name"
}

need() {
  command -v "$1" >/dev/null || fail "$1 is missing; $2"
}

usage() {
  fail "$1; usage: container/build_and_push.sh [--no-push] NAME[:TAG]"
}

fail() {
  echo "error: $1" >&2
  exit 1
}

main "$@"
