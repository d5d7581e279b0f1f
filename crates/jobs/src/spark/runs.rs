//! The runs of an application of EMR Serverless.

use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::error::ProvideErrorMetadata;
use aws_sdk_emrserverless::types::{JobDriver, JobRunState, JobRunSummary};

use super::SparkRequest;
use crate::jobs::{Job, JobError, service_error};
use crate::name::{JobName, JobNamePrefix};

/// A run of a job of the stack.
#[derive(Debug, Clone, PartialEq)]
pub struct SparkRun {
    /// Its id, which EMR Serverless gave it.
    pub id: String,
    /// The job. Its status is in the words of `SageMaker`.
    pub job: Job,
    /// When its state changed for the last time, in seconds since 1970.
    pub updated: i64,
}

/// The runs of one application, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct SparkRuns {
    pub(crate) client: Client,
    pub(crate) application: Option<String>,
}

impl SparkRuns {
    /// All runs of jobs with this prefix, the newest first. There are none without an application.
    pub(crate) async fn all(&self, prefix: &JobNamePrefix) -> Result<Vec<SparkRun>, JobError> {
        let Some(application) = &self.application else { return Ok(Vec::new()) };
        let mut runs = Vec::new();
        let mut pages = self.client.list_job_runs().application_id(application).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| service_error("emr-serverless:ListJobRuns", &error))?;
            let listed = page.job_runs.into_iter().map(SparkRun::from);
            runs.extend(listed.filter(|run| JobName::parse(prefix, &run.job.name).is_some()));
        }
        // The service does not say in which order it lists them.
        runs.sort_by_key(|run| std::cmp::Reverse(run.job.created));
        Ok(runs)
    }

    /// Starts a run. Returns its ARN, or `None` if the token is in use for something else.
    pub(crate) async fn start(
        &self,
        request: &SparkRequest<'_>,
        name: &JobName,
    ) -> Result<Option<String>, JobError> {
        let input = request.input(name)?;
        let sending = self
            .client
            .start_job_run()
            .set_application_id(input.application_id)
            .set_client_token(input.client_token)
            .set_name(input.name)
            .set_execution_role_arn(input.execution_role_arn)
            .set_job_driver(input.job_driver)
            .set_execution_timeout_minutes(input.execution_timeout_minutes)
            .send();
        match sending.await {
            Ok(started) => Ok(Some(started.arn)),
            Err(error) if error.code() == Some("ConflictException") => Ok(None),
            Err(error) => Err(service_error("emr-serverless:StartJobRun", &error)),
        }
    }

    /// The job of the run with this id. Its name is empty if the run has none.
    pub(crate) async fn describe(&self, id: &str) -> Result<Job, JobError> {
        Ok(self.get(id).await?.0)
    }

    /// The script and the arguments of the run with this id.
    pub(crate) async fn command(&self, id: &str) -> Result<(String, Vec<String>), JobError> {
        Ok(self.get(id).await?.1)
    }

    async fn get(&self, id: &str) -> Result<(Job, (String, Vec<String>)), JobError> {
        let asking = self.client.get_job_run().set_application_id(self.application.clone()).job_run_id(id);
        let answer =
            asking.send().await.map_err(|error| service_error("emr-serverless:GetJobRun", &error))?;
        let missing = || JobError::Service {
            action: "emr-serverless:GetJobRun",
            problem: format!("the answer has no run {id}"),
            kind: crate::jobs::FailureKind::Permanent,
        };
        let run = answer.job_run.ok_or_else(missing)?;
        let job = Job {
            name: run.name.unwrap_or_default(),
            status: status(&run.state).to_owned(),
            created: Some(run.created_at.secs()),
            output: None,
            artifact: None,
            failure: Some(run.state_details).filter(|details| !details.is_empty()),
        };
        let command = match run.job_driver {
            Some(JobDriver::SparkSubmit(submit)) => {
                (submit.entry_point, submit.entry_point_arguments.unwrap_or_default())
            }
            _ => Default::default(),
        };
        Ok((job, command))
    }
}

impl From<JobRunSummary> for SparkRun {
    fn from(run: JobRunSummary) -> Self {
        let job = Job {
            name: run.name.unwrap_or_default(),
            status: status(&run.state).to_owned(),
            created: Some(run.created_at.secs()),
            output: None,
            artifact: None,
            failure: None,
        };
        Self { id: run.id, job, updated: run.updated_at.secs() }
    }
}

/// The status of a training job in `SageMaker` that corresponds to the state of a run.
fn status(state: &JobRunState) -> &'static str {
    match state {
        JobRunState::Success => "Completed",
        JobRunState::Failed => "Failed",
        JobRunState::Cancelling => "Stopping",
        JobRunState::Cancelled => "Stopped",
        _ => "InProgress",
    }
}
