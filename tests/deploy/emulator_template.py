"""The built template without the features that ministack lacks. differences() checks that nothing else is changed.

    python emulator_template.py BUILT DERIVED
"""

import copy
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

METHODS = ("get", "head", "post", "put", "patch", "delete")
ANY = "x-amazon-apigateway-any-method"
# What is removed, and why.
TAKEN_OUT = {
    "Resources.PredictFunction.Properties.DeploymentPreference": "no CodeDeploy",
    "Resources.StaleModelAlarm": "no alarms on metric math",
}


def main():
    built, derived = map(Path, sys.argv[1:])
    template = yaml_parse(built.read_text())
    changed = derive(template)
    check(template, changed)
    derived.write_text(yaml_dump(changed))


def derive(template):
    changed = copy.deepcopy(template)
    del changed["Resources"]["PredictFunction"]["Properties"]["DeploymentPreference"]
    del changed["Resources"]["StaleModelAlarm"]
    for path in changed["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"].values():
        write_out(path)
    return changed


def write_out(path):
    """All methods that ANY stands for."""
    any_method = path.pop(ANY)
    for method in METHODS:
        path.setdefault(method, any_method)


def check(template, changed):
    paths = "Resources.Api.Properties.DefinitionBody.paths."
    for place in differences(template, changed):
        method = place.rpartition(".")[2]
        is_any = place.startswith(paths) and (method == ANY or method in METHODS)
        assert is_any or place in TAKEN_OUT, f"{place} differs"


def differences(left, right, place=""):
    """The places where two templates differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left.keys() | right.keys():
            here = f"{place}.{name}" if place else name
            if name in left and name in right:
                yield from differences(left[name], right[name], here)
            else:
                yield here
    elif left != right:
        yield place


if __name__ == "__main__":
    main()
