"""The deployed stack as a user sees it: sam, curl, the matinee command line, and AWS's own interfaces."""

import json
import shlex
import subprocess
import time
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]
NAME = "matinee"


class Stack:
    """One stack on the emulator, and the programs that a user has."""

    def __init__(self, environment, template, matinee):
        self.environment = environment
        self.template = template
        self.matinee_program = matinee
        session = self.session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        trust = {"endpoint_url": environment["AWS_ENDPOINT_URL"], "verify": environment["AWS_CA_BUNDLE"]}
        self.cloudformation = session.client("cloudformation", **trust)
        self.events = session.client("events", **trust)
        self.awslambda = session.client("lambda", **trust)
        self.s3 = session.client("s3", **trust)
        self.sqs = session.client("sqs", **trust)
        self.sns = session.client("sns", **trust)
        self.logs = session.client("logs", **trust)
        self.cloudwatch = session.client("cloudwatch", **trust)
        self.iam = session.client("iam", **trust)
        self.apigateway = session.client("apigateway", **trust)
        self.ecr = session.client("ecr", **trust)
        self.sagemaker = session.client("sagemaker", endpoint_url=environment["AWS_ENDPOINT_URL_SAGEMAKER"])
        self.outputs = {}

    def session(self, key, secret):
        """A session with these credentials."""
        return boto3.Session(
            aws_access_key_id=key, aws_secret_access_key=secret, region_name=self.environment["AWS_REGION"]
        )

    def deploy(self, **parameters):
        """Runs `sam deploy` with these parameters; the others keep their values."""
        arguments = ["sam", "deploy", "--template-file", self.template, "--config-file", ROOT / "samconfig.toml"]
        if parameters:
            arguments += ["--parameter-overrides", *(f'{name}="{quoted(value)}"' for name, value in parameters.items())]
        self.run(*arguments)
        [stack] = self.cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def resources(self):
        """The names of the created resources, by their names in the template."""
        found = self.cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
        return {part["LogicalResourceId"]: part["PhysicalResourceId"] for part in found}

    def run(self, *arguments, check=True, text=None):
        """Runs a program and returns its output."""
        arguments = [str(argument) for argument in arguments]
        run = subprocess.run(arguments, cwd=ROOT, env=self.environment, capture_output=True, text=True, input=text)
        assert not check or run.returncode == 0, f"{shlex.join(arguments)}: {run.stdout[-3000:]}{run.stderr[-3000:]}"
        return run.stdout if check else run

    def matinee(self, *arguments, check=True):
        """Runs `matinee aws ...` with the variables of the output CommandLine, set as in the documents."""
        line = shlex.join([str(self.matinee_program), "aws", *map(str, arguments)])
        return self.shell(line, check=check)

    def shell(self, commands, check=True, text=None):
        """Runs lines of the documents in a shell that has the variables of the output CommandLine."""
        return self.run("bash", "-ec", f"{self.outputs['CommandLine']}\n{commands}", check=check, text=text)

    def curl(self, path, *arguments):
        """Returns status, headers and body of an answer of the API."""
        answer = self.run("curl", "--silent", "--include", "--max-time", "60", *arguments, self.outputs["ApiUrl"] + path)
        head, _, body = answer.partition("\n\n")
        while body.startswith("HTTP/"):
            head, _, body = body.partition("\n\n")
        lines = head.splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return int(lines[0].split()[1]), headers, body

    def expect(self, status, text, path, *arguments):
        """Sends a request and requires this status, and this text in the answer."""
        found, headers, body = self.curl(path, *arguments)
        assert found == status and text in body, f"{path} {arguments}: {found} {body[:500]}, not {status} {text}"
        return headers, body

    def predict(self, *arguments):
        """Returns the API's prediction."""
        _, body = self.expect(200, '"movie_title":"Fight Club (1999)"', "/predict", *DATA, *arguments)
        return json.loads(body)

    def until(self, what, condition, seconds=60):
        """Waits until a condition holds, because changes to the stack take effect in the background."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            found = condition()
            if found:
                return found
            time.sleep(0.3)
        raise AssertionError(f"in {seconds} s it did not happen that {what}")

    def live_function(self):
        """Returns the configuration of the version that answers."""
        name = self.outputs["PredictFunctionName"]
        return self.awslambda.get_function_configuration(FunctionName=name, Qualifier="live")


DATA = ("--data", '{"userId":"2","movieId":"2959"}')


def quoted(value):
    """Returns a value in double quotes, as `sam deploy --parameter-overrides` needs it."""
    return value.replace("\\", "\\\\").replace('"', '\\"')
