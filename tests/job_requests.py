"""SageMaker's service model accepts the requests in container/: names, types and required fields."""

import json
import pathlib
import sys

import botocore.session
import botocore.validate

REQUESTS = {
    "training-job.json": "CreateTrainingJob",
    "tuning-job.json": "CreateHyperParameterTuningJob",
    "transform-job.json": "CreateTransformJob",
}


def main():
    service = botocore.session.get_session().get_service_model("sagemaker")
    for name, operation in REQUESTS.items():
        text = (pathlib.Path(__file__).parent / "../container" / name).read_text()
        request = json.loads(text.replace("ROLE", "arn:aws:iam::123456789012:role/matinee"))
        shape = service.operation_model(operation).input_shape
        report = botocore.validate.ParamValidator().validate(request, shape)
        faults = report.generate_report() if report.has_errors() else "\n".join(enum_faults(request, shape))
        if faults:
            sys.exit(f"{name} is no {operation}:\n{faults}")
        print(f"{name}: a {operation} of the service model")


def enum_faults(value, shape, place="request"):
    """Returns values that are not among those that the model lists; the validator does not check them."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from enum_faults(member, shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from enum_faults(member, shape.member, f"{place}[{index}]")
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{place} is {value}; it must be one of {', '.join(shape.enum)}"


if __name__ == "__main__":
    main()
