"""Runs moto on one port, with training jobs that stay in progress. Prints its address.

moto's own jobs are complete as soon as they are created, and it ignores SortBy. Here, jobs are listed newest first. A job is in progress until POST /matinee/finish
{"name", "status", "reason"} says how it ended. Its artifact is where CompressionType puts it, and a name can be used only
once. POST /matinee/date {"bucket", "key", "time"} sets the date of an object, as S3 does for the start of a long upload, and
POST /matinee/date-job {"name", "time"} the time at which a job was created.
"""

import itertools
import json
from datetime import datetime, timezone

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker import models
from moto.sagemaker.exceptions import ResourceInUseException
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

# Two jobs may be created in the same second.
NUMBERS = itertools.count()
ACCOUNT, REGION = "123456789012", "eu-west-1"


def main():
    models.FakeTrainingJob.__init__ = in_progress(models.FakeTrainingJob.__init__)
    backend = models.SageMakerModelBackend
    backend.create_training_job = once(backend.create_training_job)
    backend.list_training_jobs = newest_first(backend.list_training_jobs)
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
        job.number = next(NUMBERS)

    return begin


def once(create):
    def create_once(backend, **named):
        if named["training_job_name"] in backend.training_jobs:
            raise ResourceInUseException("Training job names must be unique")
        return create(backend, **named)

    return create_once


def newest_first(listing):
    def list_newest_first(backend, *arguments, **named):
        jobs = sorted(backend.training_jobs.values(), key=lambda job: (job.creation_time, job.number), reverse=True)
        backend.training_jobs = {job.training_job_name: job for job in jobs}
        return listing(backend, *arguments, **named)

    return list_newest_first


def with_finish(app):
    def application(environ, start):
        if environ["PATH_INFO"] == "/matinee/finish":
            return finish(json.loads(Request(environ).get_data()))(environ, start)
        if environ["PATH_INFO"] == "/matinee/date-job":
            return date_job(json.loads(Request(environ).get_data()))(environ, start)
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


def date_job(what):
    job = get_backend("sagemaker")[ACCOUNT][REGION].training_jobs[what["name"]]
    job.creation_time = datetime.fromtimestamp(what["time"], timezone.utc).replace(tzinfo=None)
    return Response("done")


def date(what):
    objects = get_backend("s3")[ACCOUNT]["aws"].buckets[what["bucket"]].keys
    objects[what["key"]].last_modified = datetime.fromtimestamp(what["time"], timezone.utc).replace(tzinfo=None)
    return Response("done")


if __name__ == "__main__":
    main()
