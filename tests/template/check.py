"""Runs CloudFormation's transforms on template.yaml for many sets of parameters, and checks the results.

cfn-lint reads each transformed template, asl-validator the state machine in it. Prints a row for each set. Needs the
Python of sam, and the folder of npm packages that scripts/web-tools.sh prints as the only argument.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import stack
from samcli.yamlhelper import yaml_parse

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/matinee:1"
TOPIC = "arn:aws:sns:us-east-1:123456789012:matinee"
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI"
SIGN_IN_PAGE = "https://movies.auth.us-east-1.amazoncognito.com/login?client_id=1a2b3c&response_type=code"
MODEL = "s3://matinee-bucket/models/a-job/output/model/"
SETS = {
    "defaults": {},
    "api-key": {"Authorization": "api-key"},
    "iam": {"Authorization": "iam"},
    "cognito, live ratings": {"Authorization": "cognito", "UserPoolArn": POOL, "Administrators": "staff", "LiveRatings": "true", "LiveRatingsCacheSeconds": "60", "SignInPage": SIGN_IN_PAGE},
    "cors": {"CorsOrigins": "https://example.com,https://example.org"},
    "alarms, canary": {"Alarms": "true", "AlarmTopicArn": TOPIC, "Deployment": "Canary10Percent5Minutes"},
    "dashboard, tracing, schedule": {"Dashboard": "true", "Tracing": "true", "TrainingSchedule": "rate(7 days)"},
    "no training on upload": {"TrainOnUpload": "false", "Alarms": "true"},
    "image": {"ImageUri": IMAGE, "Architecture": "arm64"},
    "endpoint": {"CreateEndpoint": "true", "ModelUri": MODEL, "ImageUri": IMAGE},
    "pinned model": {"ModelUri": MODEL},
    "spark": {"SparkTraining": "true", "SparkDriverMemoryGb": "120", "SparkMaximumVcpu": "64", "TrainingSchedule": "rate(7 days)"},
    "spark, no upload": {"SparkTraining": "true", "TrainOnUpload": "false"},
    "http-api": {"ApiType": "http-api", "Alarms": "true", "Dashboard": "true"},
    "http-api, iam, cors": {"ApiType": "http-api", "Authorization": "iam", "CorsOrigins": "https://example.com"},
    "function-url": {"ApiType": "function-url", "Alarms": "true", "Dashboard": "true"},
    "function-url, iam": {"ApiType": "function-url", "Authorization": "iam"},
}
REFUSED = {
    "api-key on an http-api": {"ApiType": "http-api", "Authorization": "api-key"},
    "cognito without a user pool": {"Authorization": "cognito"},
    "cognito on an http-api": {"ApiType": "http-api", "Authorization": "cognito", "UserPoolArn": POOL},
    "canary without alarms": {"Deployment": "Canary10Percent5Minutes"},
    "endpoint without a model": {"CreateEndpoint": "true"},
    "spark with live ratings": {"SparkTraining": "true", "LiveRatings": "true", "Authorization": "api-key"},
    "spark without workers, 60 GB": {"SparkTraining": "true", "SparkDriverMemoryGb": "60", "SparkMaximumVcpu": "8"},
    "spark without workers, 120 GB": {"SparkTraining": "true", "SparkDriverMemoryGb": "120"},
}


def main():
    packages = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        checked = [check(name, given, Path(folder)) for name, given in SETS.items()]
        lint(Path(folder))
        state_machines(packages, Path(folder))
    print(f"{'set':<30} resources  state machine")
    for row in checked:
        print(row)
    for name, given in REFUSED.items():
        refuse(name, given)


def check(name, given, folder):
    template = yaml_parse(stack.TEMPLATE.read_text())
    values = stack.parameters(template, given)
    transformed = stack.transformed(template, values)
    file = folder / f"{name.replace(', ', '-').replace(' ', '-')}.json"
    # The values become the defaults here, so that cfn-lint checks this set.
    for parameter, value in given.items():
        declared = transformed["Parameters"][parameter]
        declared["Default"] = type(declared["Default"])(value)
    file.write_text(json.dumps(transformed, indent=1))
    resources = stack.Resolver(transformed, values).stack()["Resources"]
    machine = resources.get("UploadQuiet")
    if machine:
        file.with_suffix(".asl").write_text(machine["Properties"]["DefinitionString"])
    return f"{name:<30} {len(resources):>9}  {'valid' if machine else 'none'}"


def lint(folder):
    files = sorted(folder.glob("*.json"))
    run = subprocess.run([Path(sys.executable).with_name("cfn-lint"), "--", *files], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def state_machines(packages, folder):
    program = packages / "node_modules/asl-validator/dist/bin/asl-validator.js"
    for file in sorted(folder.glob("*.asl")):
        # The function's name takes the place of its ARN.
        text = file.read_text().replace("${StartTrainingFunction.Arn}", "arn:aws:lambda:us-east-1:123456789012:function:start")
        file.write_text(text.replace("${FailedEvents}", "https://sqs.us-east-1.amazonaws.com/123456789012/failed"))
        run = subprocess.run(["node", program, "--json-path", file], capture_output=True, text=True)
        assert run.returncode == 0, f"{file.name}: {run.stdout}{run.stderr}"


def refuse(name, given):
    try:
        stack.stack(given)
    except AssertionError as error:
        print(f"{name:<30}   refused  {error}")
    else:
        raise AssertionError(f"{name} is not refused")


if __name__ == "__main__":
    main()
