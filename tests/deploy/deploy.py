"""Deploys the built stack on an emulator of AWS as a user does, uses all of it, and removes it.

    SAM_PYTHON=... MOTO_PYTHON=... python deploy.py MATINEE BUILT      (tests/deploy/run.sh does it)

MATINEE is the program of the command line, built with the feature `aws`; BUILT is what `sam build` left, with the template
for the emulator beside it. Prints a line for each thing that was tried.
"""

import json
import sys
import time
from pathlib import Path

import training
import transport
import watching
from emulator import Emulator, SageMaker
from stack import DATA, NAME, ROOT, Stack

# The hyperparameters of the jobs here: they train a usable model in a moment.
HYPERPARAMETERS = '{"algorithm":"svd","n_factors":"8","n_epochs":"5","hold_out":"0.1"}'
BEGIN = time.monotonic()


# A repository contains an image. The emulator keeps its manifest, and nothing else of it is read here.
IMAGE = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:00"},
    "layers": [],
}


def main():
    matinee, built = map(Path, sys.argv[1:])
    sagemaker = SageMaker()
    emulator = None
    try:
        emulator = Emulator(built.resolve() / "DemoModelLayer", sagemaker)
        environment = emulator.environment() | {"AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url}
        stack = Stack(environment, built.resolve() / "emulator.yaml", matinee)
        try:
            try_all(stack, sagemaker)
        except BaseException:
            print(emulator.log.read_text()[-6000:], file=sys.stderr)
            raise
    finally:
        for process in filter(None, (emulator, sagemaker)):
            process.stop()


def try_all(stack, sagemaker):
    first_deployment(stack)
    parameters_reach_the_function(stack)
    first, second = train_and_publish(stack)
    roll_back(stack, first, second)
    pin_a_model(stack, second)
    doctor(stack)
    access(stack)
    plain_http(stack)
    watched = watch(stack)
    other_types(stack, watched)
    failed_events(stack, sagemaker)
    take_away(stack)


def first_deployment(stack):
    stack.deploy()
    done("sam deploy with defaults")
    answer = json.loads(stack.run("bash", "-c", stack.outputs["Curl"]))
    assert answer["movie_title"] == "Fight Club (1999)" and 0.5 <= answer["predicted_rating"] <= 5, answer
    done(f"the printed curl command: {answer['predicted_rating']}, {answer['movie_title']}")
    headers, _ = stack.expect(200, "<title>Matinee", "/")
    assert headers["content-type"].startswith("text/html"), headers
    stack.expect(200, "import", "/page/main.js")
    done("the page and its files")
    stack.expect(200, '"predictions":[', "/predict/batch", "--data", '{"pairs":[{"userId":"2","movieId":"2959"}]}')
    stack.expect(404, '"code":"unknown_movie"', "/predict", "--data", '{"userId":"2","movieId":"no such movie"}')
    stack.expect(404, '"code":"not_found"', "/no/such/route")
    stack.expect(405, '"code":"method_not_allowed"', "/predict")
    stack.expect(400, "movieId", "/predict", "--data", '{"userId":"2"}')
    stack.expect(400, "JSON", "/predict", "--data", "{")
    large = json.dumps({"userId": "2", "movieId": "2959", "more": "x" * 1_100_000})
    (ROOT / ".aws-sam/large.json").write_text(large)
    stack.expect(413, '"code":"payload_too_large"', "/predict", "--data", "@.aws-sam/large.json")
    done("a batch, 400, 404, 405, 413")


def parameters_reach_the_function(stack):
    before = stack.live_function()
    stack.deploy(UploadQuietSeconds="2", ModelRefreshSeconds="1", Hyperparameters=HYPERPARAMETERS)
    after = stack.live_function()
    assert after["Version"] != before["Version"], "no version was published"
    assert after["Environment"]["Variables"]["MODEL_REFRESH_SECONDS"] == "1", after
    training.let_rules_hear(stack.events)
    done(f"a parameter publishes a version: {before['Version']} -> {after['Version']}")


def train_and_publish(stack):
    demo = stack.predict()["model_version"]
    stack.matinee("upload", "data")
    [name] = training.wait_for_jobs(stack.sagemaker, 1)
    # By now the wait is over for both files of the upload, and the second event starts no other job.
    time.sleep(3)
    assert training.wait_for_jobs(stack.sagemaker, 1) == [name], "two files started two jobs"
    done(f"an upload of two files starts one job: {name}")
    training.do_job(stack, name, stack.matinee_program)
    first = stack.until("the first model answers", lambda: version_other_than(stack, demo))
    assert training.wait_for_jobs(stack.sagemaker, 1) == [name], "the end of a job started another without new data"
    done(f"the job's model is published and answers: {demo} -> {first}")
    stack.matinee("train", "-p", "seed=2")
    [by_hand] = set(training.wait_for_jobs(stack.sagemaker, 2)) - {name}
    uri = training.do_job(stack, by_hand, stack.matinee_program)
    # It is as good as the first model, so it is chance whether the gate accepts it.
    event = json.dumps({"action": "publish", "uri": uri, "force": True})
    stack.run("sam", "remote", "invoke", "PublishModelFunction", "--stack-name", NAME, "--event", event)
    second = stack.until("the second model answers", lambda: version_other_than(stack, first))
    done(f"a job by hand, published by sam remote invoke: {first} -> {second}")
    logs = stack.run("sam", "logs", "--stack-name", NAME, "--name", "PublishModelFunction")
    assert "model published" in logs, logs[-2000:]
    done("sam logs shows the line of the publication")
    return (demo, first), (second, uri)


def version_other_than(stack, version):
    found = stack.predict()["model_version"]
    return found if found != version else None


def roll_back(stack, first, second):
    _, first_version = first
    versions = stack.matinee("versions")
    assert second[0] in versions.splitlines()[0] and first_version in versions, versions
    stack.matinee("rollback")
    stack.until("the model before answers", lambda: stack.predict()["model_version"] == first_version)
    done(f"matinee aws rollback: {second[0]} -> {first_version}")


def pin_a_model(stack, second):
    version, uri = second
    stack.deploy(ModelUri=uri, MemorySize="512", CorsOrigins="https://example.com")
    assert stack.predict()["model_version"] == version, "ModelUri did not reach the function"
    assert stack.live_function()["MemorySize"] == 512, "MemorySize did not reach the function"
    headers, _ = stack.expect(200, "", "/health", "--header", "origin: https://example.com")
    assert headers.get("access-control-allow-origin") == "https://example.com", headers
    done("ModelUri, MemorySize and CorsOrigins reach the function that answers")
    stack.deploy(ModelUri="")


def doctor(stack):
    stack.ecr.create_repository(repositoryName="matinee")
    stack.ecr.put_image(repositoryName="matinee", imageTag="latest", imageManifest=json.dumps(IMAGE))
    found = findings(stack)
    print("\n".join(found.values()))
    # The emulator's policy simulator ignores conditions, and only curl is told how to resolve the API's name.
    for check in ("stack", "bucket", "events", "data", "image", "predict", "start-training", "publish-model", "model"):
        assert found[check].startswith("ok"), found[check]
    # A function is changed by hand.
    name = stack.outputs["StartTrainingFunctionName"]
    stack.awslambda.update_function_configuration(FunctionName=name, Environment={"Variables": {"BUCKET": "another"}})
    found = findings(stack)
    assert found["start-training"].startswith("FAULT"), found["start-training"]
    done("matinee aws doctor passes, and detects a function that was changed by hand")
    stack.deploy(UploadQuietSeconds="3")
    stack.deploy(UploadQuietSeconds="2")


def findings(stack):
    """The lines of the doctor, by check."""
    lines = stack.matinee("doctor", check=False).stdout.splitlines()
    return {line.removeprefix("not checked").split()[0 if line.startswith("not checked") else 1]: line for line in lines}


def access(stack):
    stack.deploy(Authorization="api-key")
    status, _, body = stack.curl("/predict", *DATA)
    assert status == 403, f"{status} {body} without a key"
    key = stack.apigateway.get_api_key(apiKey=stack.outputs["ApiKeyId"], includeValue=True)["value"]
    stack.predict("--header", f"x-api-key: {key}")
    stack.expect(200, "<title>Matinee", "/")
    stack.expect(200, "import", "/page/main.js")
    done("Authorization=api-key on an existing stack: 403 without the key, the page stays open")
    stack.deploy(Authorization="iam")
    status, _, body = stack.curl("/predict", *DATA)
    assert status == 403, f"{status} {body} without a signature"
    user = f"{stack.environment['AWS_ACCESS_KEY_ID']}:{stack.environment['AWS_SECRET_ACCESS_KEY']}"
    stack.predict("--user", user, "--aws-sigv4", f"aws:amz:{stack.environment['AWS_REGION']}:execute-api")
    stack.expect(200, "<title>Matinee", "/")
    done("Authorization=iam: 403 without a signature")


def plain_http(stack):
    bucket = stack.outputs["BucketName"]
    with transport.User(stack) as user:
        user.put(bucket)
        error = user.put_without_tls(bucket)
    assert "explicit deny in a resource-based policy" in error, error
    done("the bucket refuses a request without TLS by a user who may do everything else")


def watch(stack):
    """Turns alarms and dashboard on, and returns the parameters that do it."""
    subscriber = watching.Subscriber(stack)
    watched = {"Alarms": "true", "Dashboard": "true", "AlarmTopicArn": subscriber.topic}
    stack.deploy(Authorization="none", **watched)
    alarms, widgets = watching.compare(stack, watched)
    done(f"{alarms} alarms and a dashboard of {widgets} widgets, as the template describes them")
    before = set(training.wait_for_jobs(stack.sagemaker, 1))
    stack.matinee("train", "-p", "seed=3")
    [name] = set(training.wait_for_jobs(stack.sagemaker, len(before) + 1)) - before
    training.finish(stack, name, "Failed", "AlgorithmError: no ratings")

    def counted():
        return "TrainingFailed" in watching.carry_metrics(stack, "PublishModel")

    stack.until("the function counts the failed job", counted)
    subscriber.wait_for(stack.resources()["FailedTrainingAlarm"])
    done("a failed job: the metric of the function sounds the alarm, and the topic hears of it")
    return watched


def other_types(stack, watched):
    for kind in ("http-api", "function-url"):
        stack.deploy(ApiType=kind)
        stack.predict()
        stack.expect(200, "<title>Matinee", "/")
        stack.expect(200, "import", "/page/main.js")
        stack.expect(405, '"code":"method_not_allowed"', "/predict")
        watching.compare(stack, watched | {"ApiType": kind})
        done(f"ApiType={kind}: {stack.outputs['ApiUrl']}, with its alarms and dashboard")
    stack.deploy(ApiType="rest-api")


def failed_events(stack, sagemaker):
    sagemaker.stop()
    bucket = stack.outputs["BucketName"]
    stack.s3.put_object(Bucket=bucket, Key="data/more.csv", Body=b"userId,movieId,rating\n1,1,4\n")
    queue = stack.outputs["FailedEventsUrl"]

    def message():
        found = stack.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages")
        return found and found[0]["Body"]

    body = stack.until("the failed event is in the queue", message, seconds=180)
    assert "data/more.csv" in body, body
    done("SageMaker does not answer: the upload's event is in the queue")


def take_away(stack):
    bucket = stack.outputs["BucketName"]
    document = (ROOT / "docs/operations.md").read_text()
    commands = document.split("## Teardown\n")[1].split("```sh\n")[1].split("```")[0]
    delete, then, others = commands.partition("aws ecr delete-repository")
    # The command asks for confirmation.
    stack.shell(f'{delete}\ntest "$BUCKET" = {bucket}', text="y\n" * 5)
    assert stack.s3.list_objects_v2(Bucket=bucket)["KeyCount"] > 0, "the bucket with the data is gone"
    done("sam delete keeps the bucket with the data")
    stack.shell(f"BUCKET={bucket}\n{then}{others}")
    (ROOT / "versions.json").unlink()
    names = [bucket["Name"] for bucket in stack.s3.list_buckets()["Buckets"]]
    assert bucket not in names, names
    done("the commands of the documents remove the bucket and the image")


def done(what):
    print(f"{time.monotonic() - BEGIN:6.1f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
