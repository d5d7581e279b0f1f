#!/usr/bin/env bash
# Runs the image as SageMaker does: a training job on data/, serving the model, a job that is stopped and resumed, and jobs
# that fail. The root file system is read-only, there are no capabilities, and the user is that of this script or an
# unknown one. Needs Docker.
set -euo pipefail
cd "$(dirname "$0")/.."

IMAGE=matinee:test
MAX_IMAGE_BYTES=23000000
# The container must work without these. It writes nothing to the image and uses no privilege.
CONFINED=(--read-only --cap-drop ALL --security-opt no-new-privileges)
# A user without a name, a home directory or files.
ANYBODY=12345:54321

main() {
  container/build_and_push.sh --no-push "$IMAGE"
  image_is_small
  trains
  trains_as_anybody
  serves
  goes_on_after_sigterm
  leaves_reasons
}

image_is_small() {
  local size
  size=$(docker image inspect --format '{{.Size}}' "$IMAGE")
  [ "$size" -lt "$MAX_IMAGE_BYTES" ] || fail "the image has $size bytes, more than $MAX_IMAGE_BYTES"
}

trains() {
  local job=$WORK/job
  new_job "$job" '{"algorithm":"\"bayes\"","sagemaker_region":"\"eu-west-1\""}'
  train "$job" | tee "$WORK/log" | grep -E '^(validation_|wrote )' || fail "the job prints no metrics: $(cat "$WORK/log")"
  # SageMaker packs the folder into model.tar.gz and unpacks it for the server.
  tar --create --gzip --file "$WORK/model.tar.gz" --directory "$job/model" .
  mkdir -p "$WORK/endpoint/model"
  tar --extract --gzip --file "$WORK/model.tar.gz" --directory "$WORK/endpoint/model"
}

# Everything is written to /opt/ml, which is in memory here and disappears with the container.
trains_as_anybody() {
  local job=$WORK/anybody
  new_job "$job" '{"algorithm":"bias"}'
  docker run --rm "${CONFINED[@]}" --user "$ANYBODY" --tmpfs /opt/ml:mode=1777 --volume "$job/input:/opt/ml/input:ro" \
    "$IMAGE" train >"$WORK/log" 2>&1 || fail "a job of an unknown user fails: $(cat "$WORK/log")"
  grep '^wrote ' "$WORK/log" || fail "a job of an unknown user writes no model: $(cat "$WORK/log")"
}

serves() {
  local port started url code
  port=$(free_port)
  url=http://127.0.0.1:$port
  started=$(date +%s%N)
  docker run --detach --name "$SERVER" "${CONFINED[@]}" --user "$ANYBODY" --network host \
    --env SAGEMAKER_BIND_TO_PORT="$port" --volume "$WORK/endpoint:/opt/ml:ro" "$IMAGE" serve >/dev/null
  until curl --silent --fail --output /dev/null "$url/ping"; do
    [ "$(docker inspect --format '{{.State.Running}}' "$SERVER")" = true ] || fail "the server ended"
  done
  echo "docker run to the first 200 on /ping: $((($(date +%s%N) - started) / 1000000)) ms"
  curl --silent "$url/execution-parameters"; echo
  for request in 'application/json {"userId":"2","movieId":"2959"}' 'application/jsonlines {"userId":"2","movieId":"none"}' 'text/csv 2,2959'; do
    curl --silent --fail --header "Content-Type: ${request%% *}" --data "${request#* }" "$url/invocations"; echo
  done
  MATINEE_CONTAINER_URL=$url MATINEE_CONTAINER_MODEL=$WORK/endpoint/model cargo test --workspace --features matinee/aws --locked --quiet --test it \
    -- --exact endpoint_mode::both_modes_give_the_same_answers --nocapture | grep 'answered alike' || fail "the modes differ"
  docker kill --signal TERM "$SERVER" >/dev/null
  code=$(docker wait "$SERVER")
  [ "$code" = 0 ] || fail "the server ended with $code on SIGTERM"
}

goes_on_after_sigterm() {
  local whole=$WORK/whole job=$WORK/stopped settings='{"algorithm":"svd","n_factors":"64","n_epochs":"1000","hold_out":"0"}' code
  new_job "$whole" "$settings"
  train "$whole" >/dev/null
  new_job "$job" "$settings"
  docker run --detach --name "$TRAINING" "${CONFINED[@]}" --user "$(id -u):$(id -g)" --volume "$job:/opt/ml" "$IMAGE" train >/dev/null
  # Not a pipe, because the log continues after the line was found.
  grep --max-count=1 --quiet 'epoch=50;' < <(docker logs --follow "$TRAINING" 2>&1) || fail "the job prints no epochs"
  docker kill --signal TERM "$TRAINING" >/dev/null
  code=$(docker wait "$TRAINING")
  docker logs "$TRAINING" 2>&1 | tail -1
  [ "$code" = 143 ] || fail "the stopped job ended with $code"
  [ -s "$job/checkpoints/training.checkpoint" ] || fail "there is no checkpoint"
  [ ! -e "$job/model" ] || fail "the stopped job left a model"
  train "$job" | grep 'continuing from the checkpoint' || fail "the job started from the beginning"
  cmp "$whole/model/model.safetensors" "$job/model/model.safetensors" || fail "the bytes differ"
  echo "stopped and resumed: the same bytes"
}

# shellcheck disable=SC2016  # the backquotes are part of the reasons
leaves_reasons() {
  local job=$WORK/bad
  reason 'there is no channel `train`' '{}'
  echo 'movieId,title' >"$WORK/file.csv"
  reason 'channel `train` has no ratings.csv: it holds movies.csv' '{}' movies.csv
  printf 'userId,movieId,rating\n1,10,4\n1,20,ten\n' >"$WORK/file.csv"
  reason 'a model cannot be trained on this data: ratings.csv:3: `ten` is not a number' '{}' ratings.csv
  printf 'viewer,movieId,rating\n1,10,4\n' >"$WORK/file.csv"
  reason 'a model cannot be trained on this data: part-1.csv:1: the header `viewer,movieId,rating` has no column `userId`' '{}' part-1.csv
  printf 'userId,movieId,rating\n1,10,4\n' >"$WORK/file.csv"
  reason 'unknown hyperparameter `n_factor`' '{"n_factor":"8"}' ratings.csv
  reason 'algorithm svd: hyperparameter `lr_all` is `7`; it must be a number from' '{"algorithm":"svd","lr_all":"7"}' ratings.csv
  reason 'channel `train` has TrainingInputMode Pipe' '{}' ratings.csv '{"train":{"TrainingInputMode":"Pipe"}}'
}

# A job with this channel and these hyperparameters must fail with this reason, which comes first.
reason() {
  local expected=$1 settings=$2 file=${3:-} channels=${4:-} code=0
  rm -rf "$job"
  mkdir -p "$job/input/config"
  echo "$settings" >"$job/input/config/hyperparameters.json"
  [ -z "$channels" ] || echo "$channels" >"$job/input/config/inputdataconfig.json"
  if [ -n "$file" ]; then
    mkdir -p "$job/input/data/train"
    [ "$file" = movies.csv ] || printf 'movieId,title\n10,Ten\n20,Twenty\n' >"$job/input/data/train/movies.csv"
    cp "$WORK/file.csv" "$job/input/data/train/$file"
  fi
  train "$job" >/dev/null 2>&1 || code=$?
  [ "$code" = 1 ] || fail "a job that must fail ended with $code: $expected"
  [[ $(cat "$job/output/failure") == "$expected"* ]] || fail "the reason is '$(cat "$job/output/failure")', not '$expected'"
  echo "failure: $(head -1 "$job/output/failure")"
}

new_job() {
  mkdir -p "$1"/input/{config,data/train}
  echo "$2" >"$1/input/config/hyperparameters.json"
  echo '{"train":{"TrainingInputMode":"File","S3DistributionType":"FullyReplicated"}}' >"$1/input/config/inputdataconfig.json"
  echo '{"current_host":"algo-1","hosts":["algo-1"]}' >"$1/input/config/resourceconfig.json"
  cp data/ratings.csv data/movies.csv "$1/input/data/train/"
}

train() {
  docker run --rm "${CONFINED[@]}" --user "$(id -u):$(id -g)" --volume "$1:/opt/ml" "$IMAGE" train
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

fail() {
  echo "error: $1" >&2
  exit 1
}

WORK=$(mktemp -d)
SERVER=matinee-test-serve-$$
TRAINING=matinee-test-train-$$
trap 'docker rm --force "$SERVER" "$TRAINING" >/dev/null 2>&1; rm -rf "$WORK"' EXIT
main
