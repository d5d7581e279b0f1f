"""Does what SageMaker does with a training job: downloads the data, runs the container's program, uploads the model."""

import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path


def wait_for_jobs(sagemaker, count):
    """Waits until there are this many jobs, and returns their names."""
    begin = time.monotonic()
    while time.monotonic() - begin < 60:
        jobs = sagemaker.list_training_jobs()["TrainingJobSummaries"]
        if len(jobs) >= count:
            return [job["TrainingJobName"] for job in jobs]
        time.sleep(0.3)
    raise AssertionError(f"there are {len(jobs)} training jobs, not {count}")


def do_job(aws, name, matinee):
    """Runs the job with the container's own program, reports its end to EventBridge, and returns the model's URI."""
    job = aws.sagemaker.describe_training_job(TrainingJobName=name)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_configuration(root, job)
        for channel in job["InputDataConfig"]:
            bring(aws.s3, root, channel)
        run = subprocess.run(
            [matinee, "sagemaker", "train", "--root", root],
            env={"TRAINING_JOB_NAME": name, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        model = take_away(aws.s3, root, job)
    finish(aws, name)
    return model


def write_configuration(root, job):
    config = root / "input/config"
    config.mkdir(parents=True)
    channels = {
        channel["ChannelName"]: {
            "ContentType": channel.get("ContentType"),
            "TrainingInputMode": job["AlgorithmSpecification"]["TrainingInputMode"],
            "S3DistributionType": channel["DataSource"]["S3DataSource"]["S3DataDistributionType"],
        }
        for channel in job["InputDataConfig"]
    }
    for file, content in {
        "hyperparameters.json": job.get("HyperParameters", {}),
        "inputdataconfig.json": channels,
        "resourceconfig.json": {"current_host": "algo-1", "hosts": ["algo-1"]},
    }.items():
        (config / file).write_text(json.dumps(content))


def bring(s3, root, channel):
    bucket, prefix = split(channel["DataSource"]["S3DataSource"]["S3Uri"])
    folder = root / "input/data" / channel["ChannelName"]
    for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        file = folder / found["Key"].removeprefix(prefix)
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, found["Key"], str(file))


def take_away(s3, root, job):
    output = job["OutputDataConfig"]
    assert output["CompressionType"] == "NONE"
    uri = f"{output['S3OutputPath'].rstrip('/')}/{job['TrainingJobName']}/output/model/"
    bucket, prefix = split(uri)
    for file in (root / "model").iterdir():
        s3.upload_file(str(file), bucket, prefix + file.name)
    return uri


def finish(aws, name, status="Completed", reason=None):
    """Ends a job, and reports it to EventBridge as SageMaker does."""
    end = json.dumps({"name": name, "status": status, "reason": reason}).encode()
    urllib.request.urlopen(f"{aws.sagemaker.meta.endpoint_url}/matinee/finish", data=end)
    job = aws.sagemaker.describe_training_job(TrainingJobName=name)
    detail = {
        "TrainingJobName": name,
        "TrainingJobArn": job["TrainingJobArn"],
        "TrainingJobStatus": status,
        "CreationTime": int(job["CreationTime"].timestamp() * 1000),
        "HyperParameters": job.get("HyperParameters", {}),
        "OutputDataConfig": {"S3OutputPath": job["OutputDataConfig"]["S3OutputPath"]},
        "Tags": {},
    }
    entry = {"Source": SOURCE, "DetailType": "SageMaker Training Job State Change", "Detail": json.dumps(detail)}
    answer = aws.events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer


# Only AWS itself may send events of aws.sagemaker, so the rule is changed to accept these too.
SOURCE = "matinee.test.sagemaker"


def let_rules_hear(events):
    for rule in events.list_rules()["Rules"]:
        pattern = json.loads(rule.get("EventPattern", "{}"))
        if pattern.get("source") == ["aws.sagemaker"]:
            pattern["source"].append(SOURCE)
            events.put_rule(Name=rule["Name"], EventPattern=json.dumps(pattern))


def split(uri):
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix
