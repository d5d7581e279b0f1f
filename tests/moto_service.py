"""Runs moto on one port, with training jobs that stay in progress. Prints its address.

moto's own jobs are complete as soon as they are created. Here, a job is in progress until POST /matinee/finish
{"name", "status", "reason"} says how it ended. Its artifact is where CompressionType puts it, and a name can be used only
once. POST /matinee/date {"bucket", "key", "time"} sets the date of an object, as S3 does for the start of a long upload.
"""

import json
from datetime import datetime, timezone

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker import models
from moto.sagemaker.exceptions import ResourceInUseException
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

ACCOUNT, REGION = "123456789012", "eu-west-1"


def main():
    models.FakeTrainingJob.__init__ = in_progress(models.FakeTrainingJob.__init__)
    backend = models.SageMakerModelBackend
    backend.create_training_job = once(backend.create_training_job)
    app = with_finish(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def in_progress(init):
    def begin(job, *arguments, **named):
        metrics = (named.get("algorithm_specification") or {}).get("MetricDefinitions")
        init(job, *arguments, **named)
        job.algorithm_specification["MetricDefinitions"] = metrics
        job.training_job_status = job.secondary_status = "InProgress"
        job.model_artifacts = job.final_metric_data_list = None
        job.failure_reason = None

    return begin


def once(create):
    def create_once(backend, **named):
        if named["training_job_name"] in backend.training_jobs:
            raise ResourceInUseException("Training job names must be unique")
        return create(backend, **named)

    return create_once


def with_finish(app):
    def application(environ, start):
        if environ["PATH_INFO"] == "/matinee/finish":
            return finish(json.loads(Request(environ).get_data()))(environ, start)
        if environ["PATH_INFO"] == "/matinee/date":
            return date(json.loads(Request(environ).get_data()))(environ, start)
        return app(environ, start)

    return application


def finish(end):
    job = get_backend("sagemaker")[ACCOUNT][REGION].training_jobs[end["name"]]
    job.training_job_status = job.secondary_status = end["status"]
    job.failure_reason = end.get("reason")
    if end["status"] == "Completed":
        file = "model/" if job.output_data_config.get("CompressionType") == "NONE" else "model.tar.gz"
        path = job.output_data_config["S3OutputPath"].rstrip("/")
        job.model_artifacts = {"S3ModelArtifacts": f"{path}/{job.training_job_name}/output/{file}"}
    return Response("done")


def date(what):
    objects = get_backend("s3")[ACCOUNT]["aws"].buckets[what["bucket"]].keys
    objects[what["key"]].last_modified = datetime.fromtimestamp(what["time"], timezone.utc).replace(tzinfo=None)
    return Response("done")


if __name__ == "__main__":
    main()
