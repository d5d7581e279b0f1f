"""The alarms and the dashboard of the deployed stack, and a metric on its way from a function's log line to a message."""

import json
import os
import re
import subprocess
import time

from emulator import ACCOUNT, REGION
from stack import NAME, ROOT

# emulator_template.py removes it.
NO_METRIC_MATH = "StaleModelAlarm"
# What the template sets for an alarm. The emulator gives an alarm the statistic Average if it has an extended one.
FIELDS = (
    "AlarmDescription",
    "AlarmActions",
    "OKActions",
    "TreatMissingData",
    "ComparisonOperator",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "EvaluationPeriods",
    "Threshold",
)


def compare(stack, parameters):
    """Requires the alarms and the dashboard that the template describes, and returns their numbers of alarms and widgets."""
    described = resolved_template(parameters)["Resources"]
    created = stack.resources()
    alarms = {alarm["AlarmName"]: alarm for alarm in stack.cloudwatch.describe_alarms()["MetricAlarms"]}
    wanted = {name for name, part in described.items() if part["Type"] == "AWS::CloudWatch::Alarm"} - {NO_METRIC_MATH}
    assert {created[name] for name in wanted} == set(alarms), f"{wanted}, but there are {set(alarms)}"
    for name in wanted:
        properties = with_names(described[name]["Properties"], created)
        for field in FIELDS:
            found, expected = alarms[created[name]].get(field), properties.get(field)
            is_default = field == "Statistic" and expected is None
            assert is_default or text(found) == text(expected), f"{name}: {field} is {found}, not {expected}"
    body = stack.cloudwatch.get_dashboard(DashboardName=created["DashboardBoard"])["DashboardBody"]
    expected = with_names(described["DashboardBoard"]["Properties"]["DashboardBody"], created)
    assert json.loads(body) == json.loads(expected), f"the dashboard is {body}, not {expected}"
    return len(wanted), len(json.loads(body)["widgets"])


def resolved_template(parameters):
    """The stack as CloudFormation makes it from the template, by tests/template/stack.py."""
    given = parameters | {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::StackName": NAME}
    program = [os.environ["SAM_PYTHON"], ROOT / "tests/template/stack.py"]
    run = subprocess.run(program, input=json.dumps(given), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def with_names(value, created):
    """Inserts the names of the created resources where the template refers to them."""
    match value:
        case list():
            return [with_names(part, created) for part in value]
        case str():
            return re.sub(r"\$\{(\w+)\}", lambda found: created[found[1]], value)
        case {"Ref": name}:
            return created[name]
        case {"Fn::GetAtt": [name, "QueueName"]}:
            return created[name].rpartition("/")[2]
        case dict():
            return {name: with_names(part, created) for name, part in value.items()}
    return value


def text(value):
    """A value in a form in which 1, 1.0 and "1" are equal, and so are an absent list and an empty one."""
    if isinstance(value, (list, dict)) or value is None:
        return json.dumps(value or [], sort_keys=True)
    try:
        return str(float(value))
    except ValueError:
        return value


def carry_metrics(stack, function):
    """Does what CloudWatch does with a function's log lines in the embedded metric format. Returns the names of the metrics."""
    group = stack.resources()[f"{function}LogGroup"]
    names = set()
    for event in stack.logs.filter_log_events(logGroupName=group)["events"]:
        if '"CloudWatchMetrics"' not in event["message"]:
            continue
        line = json.loads(event["message"])
        for directive in line["_aws"]["CloudWatchMetrics"]:
            put(stack, directive, line)
            names |= {metric["Name"] for metric in directive["Metrics"]}
    return names


def put(stack, directive, line):
    for dimensions in directive["Dimensions"]:
        data = [
            {
                "MetricName": metric["Name"],
                "Dimensions": [{"Name": name, "Value": line[name]} for name in dimensions],
                "Timestamp": line["_aws"]["Timestamp"] / 1000,
                "Values": line[metric["Name"]] if isinstance(line[metric["Name"]], list) else [line[metric["Name"]]],
                "Unit": metric["Unit"],
            }
            for metric in directive["Metrics"]
        ]
        stack.cloudwatch.put_metric_data(Namespace=directive["Namespace"], MetricData=data)


class Subscriber:
    """A topic for the alarms, and a queue that gets its messages."""

    def __init__(self, stack):
        self.sqs = stack.sqs
        self.topic = stack.sns.create_topic(Name="matinee-alarms")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="matinee-alarms")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        stack.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def wait_for(self, alarm, seconds=60):
        """Waits for the message that this alarm sounds."""
        begin = time.monotonic()
        seen = []
        while time.monotonic() - begin < seconds:
            for message in self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1).get("Messages", []):
                said = json.loads(json.loads(message["Body"])["Message"])
                seen.append((said["AlarmName"], said["NewStateValue"]))
                if seen[-1] == (alarm, "ALARM"):
                    return
        raise AssertionError(f"{alarm} sent no message; there are {seen}")
