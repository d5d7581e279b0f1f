"""The stack that CloudFormation makes from template.yaml and these parameters.

    python tests/template/stack.py

reads one JSON object of parameters per line and answers each with one line: the template as JSON after both transforms, with
conditions evaluated and parameters inserted. References to other resources are kept, because only AWS knows their values. Needs
the Python of sam (scripts/tools.sh).
"""

import copy
import json
import logging
import os
import re
import sys
from pathlib import Path

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/matinee/51af3dc0-da77-11e4-872e-0123456789ab",
    "AWS::StackName": "matinee",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = {"Ref": "AWS::NoValue"}

os.environ.setdefault("AWS_DEFAULT_REGION", PSEUDO_PARAMETERS["AWS::Region"])
logging.disable(logging.WARNING)


def main():
    for line in sys.stdin:
        print(json.dumps(stack(json.loads(line))), flush=True)


def stack(given):
    """The resolved stack."""
    template = yaml_parse(TEMPLATE.read_text())
    values = parameters(template, given)
    return Resolver(transformed(template, values), values).stack()


def parameters(template, given):
    """The value of every parameter, as text."""
    unknown = set(given) - set(template["Parameters"]) - set(PSEUDO_PARAMETERS)
    assert not unknown, f"the template has no parameters {unknown}"
    defaults = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
    return PSEUDO_PARAMETERS | defaults | given


def transformed(template, values):
    """The template after AWS::LanguageExtensions and AWS::Serverless, as CloudFormation processes it."""
    expanded = with_json_strings(template, values)
    SamTemplateValidator(expanded, None, region=values["AWS::Region"])._replace_local_codeuri()
    own = {name: value for name, value in values.items() if not name.startswith("AWS::")}
    return transform(copy.deepcopy(expanded), own, NoManagedPolicies())


def with_json_strings(part, values):
    """Does what AWS::LanguageExtensions does to this template, which only uses Fn::ToJsonString, and only on parameters."""
    if isinstance(part, list):
        return [with_json_strings(element, values) for element in part]
    if not isinstance(part, dict):
        return part
    if "Fn::ToJsonString" in part:
        texts = {name: values[reference["Ref"]] for name, reference in part["Fn::ToJsonString"].items()}
        return json.dumps(texts, separators=(",", ":"))
    return {name: with_json_strings(value, values) for name, value in part.items()}


class NoManagedPolicies:
    """The template refers to AWS policies by ARN, so no policy has to be looked up by name."""

    def load(self):
        return {}


class Resolver:
    """Evaluates conditions and inserts parameters, as CloudFormation does before it creates resources."""

    def __init__(self, template, values):
        self.template = template
        self.values = values
        self.rules()

    def rules(self):
        for name, rule in self.template.get("Rules", {}).items():
            if self.is_true(rule["RuleCondition"]):
                for assertion in rule["Assertions"]:
                    assert self.is_true(assertion["Assert"]), f"{name}: {assertion['AssertDescription']}"

    def stack(self):
        kept = {name: self.template[name] for name in ("Description", "Metadata", "Parameters")}
        for section in ("Resources", "Outputs"):
            parts = self.template[section].items()
            kept[section] = {name: self.value(part) for name, part in parts if self.exists(part)}
            for part in kept[section].values():
                part.pop("Condition", None)
        return kept

    def exists(self, part):
        return "Condition" not in part or self.condition(part["Condition"])

    def condition(self, name):
        return self.is_true(self.template["Conditions"][name])

    def is_true(self, expression):
        [(function, argument)] = expression.items()
        match function:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                left, right = map(self.value, argument)
                return left == right
            case "Fn::Not":
                return not self.is_true(argument[0])
            case "Fn::And":
                return all(map(self.is_true, argument))
            case "Fn::Or":
                return any(map(self.is_true, argument))
        raise AssertionError(f"{function} in a condition")

    def value(self, value):
        if isinstance(value, list):
            return [part for part in map(self.value, value) if part != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self.function(function, argument)
        resolved = {name: self.value(part) for name, part in value.items()}
        return {name: part for name, part in resolved.items() if part != NO_VALUE}

    def function(self, function, argument):
        match function:
            case "Ref":
                return self.values.get(argument, {"Ref": argument})
            case "Fn::If":
                condition, then, otherwise = argument
                return self.value(then if self.condition(condition) else otherwise)
            case "Fn::Sub":
                return self.sub(argument)
            case "Fn::FindInMap":
                name, first, second = map(self.value, argument)
                return self.template["Mappings"][name][first][second]
        argument = self.value(argument)
        match function:
            case "Fn::Join" if all(isinstance(part, str) for part in argument[1]):
                return argument[0].join(argument[1])
            case "Fn::Split" if isinstance(argument[1], str):
                return argument[1].split(argument[0])
            case "Fn::Select" if isinstance(argument[1], list):
                return argument[1][int(argument[0])]
        return {function: argument}

    def sub(self, argument):
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        variables = self.values | {name: self.value(value) for name, value in variables.items()}

        def put_in(found):
            value = variables.get(found[1])
            return value if isinstance(value, str) else found[0]

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", put_in, text)


if __name__ == "__main__":
    main()
