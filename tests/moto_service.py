"""Runs moto on one port, with training jobs and runs on Spark that stay in progress. Prints its address.

moto's own jobs are complete as soon as they are created, and it ignores SortBy. Here, jobs are listed newest first. A job is in progress until POST /matinee/finish
{"name", "status", "reason"} says how it ended. Its artifact is where CompressionType puts it, and a name can be used only
once. POST /matinee/date {"bucket", "key", "time"} sets the date of an object, as S3 does for the start of a long upload, and
POST /matinee/date-job {"name", "time"} the time at which a job was created.

moto's runs in EMR Serverless have succeeded as soon as they are started, each token starts another one, and an application
without runs cannot be listed. Here, a run goes on until POST /matinee/finish-run {"application", "name", "state", "details",
"time"} says how and when it ended, and a token starts one run. Functions are not run when they are invoked: GET
/matinee/invocations answers with the events that they were sent.

moto checks the condition of a write and then writes, and another request can come between the two. Here, it answers one
request after the other, so a conditional write is atomic, as it is in S3 and DynamoDB.
"""

import io
import itertools
import json
import threading
from datetime import datetime, timezone

from moto.backends import get_backend
from moto.emrserverless import models as emr
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker import models
from moto.sagemaker.exceptions import ResourceInUseException
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

# Two jobs may be created in the same second.
NUMBERS = itertools.count()
# What functions were sent, in order.
INVOCATIONS = []
ONE_AT_A_TIME = threading.Lock()
ACCOUNT, REGION = "123456789012", "eu-west-1"


def main():
    models.FakeTrainingJob.__init__ = in_progress(models.FakeTrainingJob.__init__)
    backend = models.SageMakerModelBackend
    backend.create_training_job = once(backend.create_training_job)
    backend.list_training_jobs = newest_first(backend.list_training_jobs)
    emr.JobRun.__init__ = running(emr.JobRun.__init__)
    runs = emr.EMRServerlessBackend
    runs.start_job_run = once_for_a_token(runs.start_job_run)
    runs.list_job_runs = also_if_there_are_none(runs.list_job_runs)
    app = with_finish(one_at_a_time(DomainDispatcherApplication(create_backend_app)))
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


def running(init):
    def begin(run, *arguments, **named):
        init(run, *arguments, **named)
        run.state, run.state_details, run.created_by = "RUNNING", "", "arn:aws:iam::123456789012:user/test"
        run.created_at = run.updated_at = datetime.now(timezone.utc).replace(tzinfo=None)

    return begin


def once_for_a_token(start):
    def start_once(backend, **named):
        runs = backend.job_runs.get(named["application_id"], [])
        known = (run for run in runs if run.client_token == named["client_token"])
        return next(known, None) or start(backend, **named)

    return start_once


def also_if_there_are_none(listing):
    def list_all(backend, application_id, *arguments, **named):
        backend.get_application(application_id)
        backend.job_runs.setdefault(application_id, [])
        return listing(backend, application_id, *arguments, **named)

    return list_all


def one_at_a_time(app):
    def application(environ, start):
        # The body is read before, because a client may be slow.
        body = Request(environ, populate_request=False).get_data()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        with ONE_AT_A_TIME:
            return app(environ, start)

    return application


def with_finish(app):
    def application(environ, start):
        if environ["PATH_INFO"].endswith("/invocations"):
            return invoked(Request(environ))(environ, start)
        if environ["PATH_INFO"] == "/matinee/finish-run":
            return finish_run(json.loads(Request(environ).get_data()))(environ, start)
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


def finish_run(end):
    runs = get_backend("emr-serverless")[ACCOUNT][REGION].job_runs[end["application"]]
    (run,) = (run for run in runs if run.name == end["name"])
    run.state, run.state_details = end["state"], end.get("details") or ""
    run.updated_at = datetime.fromtimestamp(end["time"], timezone.utc).replace(tzinfo=None)
    return Response(run.id)


def invoked(request):
    if request.method == "GET":
        return Response(json.dumps(INVOCATIONS))
    function = request.path.split("/")[-2]
    kind = request.headers.get("x-amz-invocation-type")
    INVOCATIONS.append({"function": function, "type": kind, "event": json.loads(request.get_data())})
    return Response(status=202)


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
