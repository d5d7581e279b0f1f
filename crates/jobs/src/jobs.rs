//! Lists and describes training jobs, wherever they run.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::config::Builder;
use aws_sdk_sagemaker::config::http::HttpResponse;
use aws_sdk_sagemaker::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::operation::list_training_jobs::builders::ListTrainingJobsFluentBuilder;
use aws_sdk_sagemaker::types::{SortBy, SortOrder, TrainingJobStatus, TrainingJobSummary};
use matinee_aws::{DataError, error_chain, is_transient};
use serde::Serialize;

use crate::name::{JobName, JobNamePrefix, model_uri};
use crate::spark::{SparkError, SparkRun, SparkRuns};

/// Training jobs in one AWS account and region.
#[derive(Debug, Clone)]
pub struct TrainingJobs {
    pub(crate) client: Client,
    pub(crate) spark: SparkRuns,
}

/// A training job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// `InProgress`, `Completed`, `Failed`, `Stopping` or `Stopped`.
    pub status: String,
    /// When it was created, in seconds since 1970.
    pub created: Option<i64>,
    /// Where it writes, if the job was described.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Where its artifact is, if it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Why a job could not be started, listed or described.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is nothing to train on.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The request is incomplete.
    #[error("the request for a training job is incomplete: {0}")]
    Request(#[from] BuildError),
    /// It cannot run on Spark.
    #[error(transparent)]
    Spark(#[from] SparkError),
    /// The service refused the call or did not answer.
    #[error("{action}: {problem}")]
    Service {
        /// The API action.
        action: &'static str,
        /// The error.
        problem: String,
        /// Whether to try again.
        kind: FailureKind,
    },
}

/// Whether a failed call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The service was not reached, is overloaded or has an internal error: try again later.
    Transient,
    /// The account's quota of instances is used up or zero: wait for other jobs to end, or request a higher quota.
    Quota,
    /// The same call would fail again.
    Permanent,
}

/// The request for a list of jobs in `SageMaker`, and a filter by name.
pub(crate) struct Listing<F> {
    request: ListTrainingJobsFluentBuilder,
    matches: F,
}

impl TrainingJobs {
    /// The jobs in the region of the environment, with its credentials and service URL.
    pub async fn new() -> Self {
        Self::of(&aws_config::defaults(BehaviorVersion::latest()).load().await)
    }

    /// The jobs in the region of `shared`, with its credentials and service URL.
    pub fn of(shared: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(8))
            .operation_timeout(Duration::from_secs(25))
            .build();
        let retries = RetryConfig::standard().with_max_attempts(3);
        let config =
            Builder::from(shared).timeout_config(timeouts.clone()).retry_config(retries.clone()).build();
        let spark = aws_sdk_emrserverless::config::Builder::from(shared);
        let spark = spark.timeout_config(timeouts).retry_config(retries).build();
        let spark = aws_sdk_emrserverless::Client::from_conf(spark);
        Self { client: Client::from_conf(config), spark: SparkRuns { client: spark, application: None } }
    }

    /// The same, together with those that run on Spark in this application.
    #[must_use]
    pub fn with_spark(mut self, application: Option<String>) -> Self {
        self.spark.application = application;
        self
    }

    /// The name of a running job with this prefix. `ended` does not count: the event about its end may arrive before the
    /// list of jobs is up to date.
    pub(crate) async fn running(
        &self,
        prefix: &JobNamePrefix,
        ended: Option<&str>,
    ) -> Result<Option<String>, JobError> {
        for status in [TrainingJobStatus::InProgress, TrainingJobStatus::Stopping] {
            let jobs = self.list(&format!("{prefix}-"), Some(status), |name| {
                JobName::parse(prefix, name).is_some() && Some(name) != ended
            });
            if let Some(job) = jobs.first(1).await?.pop() {
                return Ok(Some(job.name));
            }
        }
        let names = self.spark.all(prefix).await?.into_iter().map(|run| run.job);
        let running = names.filter(|job| !job.has_ended() && Some(job.name.as_str()) != ended);
        Ok(running.map(|job| job.name).next())
    }

    /// The latest `count` jobs with this prefix, the newest first.
    pub async fn recent(&self, prefix: &JobNamePrefix, count: usize) -> Result<Vec<Job>, JobError> {
        let listing = self.list(&format!("{prefix}-"), None, |name| JobName::parse(prefix, name).is_some());
        let mut jobs = listing.first(count).await?;
        jobs.extend(self.spark.all(prefix).await?.into_iter().map(|run| run.job));
        // The sort keeps the order of jobs that were created in the same second.
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
        jobs.truncate(count);
        Ok(jobs)
    }

    pub(crate) fn list<F: Fn(&str) -> bool>(
        &self,
        part: &str,
        status: Option<TrainingJobStatus>,
        matches: F,
    ) -> Listing<F> {
        let request = self
            .client
            .list_training_jobs()
            .name_contains(part)
            .set_status_equals(status)
            .sort_by(SortBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(100);
        Listing { request, matches }
    }

    /// Describes the job with this name, which runs in `SageMaker`.
    pub async fn describe(&self, name: &str) -> Result<Job, JobError> {
        let request = self.client.describe_training_job().training_job_name(name);
        let job =
            request.send().await.map_err(|error| service_error("sagemaker:DescribeTrainingJob", &error))?;
        Ok(Job {
            name: job.training_job_name.unwrap_or_default(),
            status: job.training_job_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created: job.creation_time.map(|time| time.secs()),
            output: job.output_data_config.and_then(|output| output.s3_output_path),
            artifact: job.model_artifacts.and_then(|artifacts| artifacts.s3_model_artifacts),
            failure: job.failure_reason,
        })
    }

    /// Describes the job with this name, wherever it runs. Its model is in this bucket.
    pub async fn find(&self, prefix: &JobNamePrefix, bucket: &str, name: &str) -> Result<Job, JobError> {
        match self.spark.all(prefix).await?.into_iter().find(|run| run.job.name == name) {
            Some(run) => self.describe_run(bucket, &run.id).await,
            None => self.describe(name).await,
        }
    }

    /// Describes the job of the run on Spark with this id. Its model is in this bucket. The name is empty if the run was
    /// started without one.
    pub async fn describe_run(&self, bucket: &str, id: &str) -> Result<Job, JobError> {
        let job = self.spark.describe(id).await?;
        let artifact = (job.status == "Completed").then(|| model_uri(bucket, &job.name));
        Ok(Job { artifact, ..job })
    }

    /// All runs on Spark of jobs with this prefix, the newest first.
    pub async fn spark_runs(&self, prefix: &JobNamePrefix) -> Result<Vec<SparkRun>, JobError> {
        self.spark.all(prefix).await
    }
}

impl Job {
    /// Whether it has ended, successfully or not.
    pub fn has_ended(&self) -> bool {
        !["InProgress", "Stopping"].contains(&self.status.as_str())
    }
}

impl<F: Fn(&str) -> bool> Listing<F> {
    /// The first `count` jobs that match. The service can only search for a part of the name, so jobs of other stacks may
    /// fill whole pages.
    pub(crate) async fn first(self, count: usize) -> Result<Vec<Job>, JobError> {
        let mut found = Vec::new();
        let mut pages = self.request.into_paginator().send();
        while found.len() < count
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| service_error("sagemaker:ListTrainingJobs", &error))?;
            let jobs = page.training_job_summaries.unwrap_or_default().into_iter().map(Job::from);
            found.extend(jobs.filter(|job| (self.matches)(&job.name)));
        }
        found.truncate(count);
        Ok(found)
    }
}

impl JobError {
    /// Whether to try again.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Service { kind, .. } => *kind,
            Self::Data(DataError::Unreadable { is_transient: true, .. }) => FailureKind::Transient,
            Self::Data(_) | Self::Request(_) | Self::Spark(_) => FailureKind::Permanent,
        }
    }
}

impl From<TrainingJobSummary> for Job {
    fn from(job: TrainingJobSummary) -> Self {
        Self {
            name: job.training_job_name.unwrap_or_default(),
            status: job.training_job_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created: job.creation_time.map(|time| time.secs()),
            output: None,
            artifact: None,
            failure: None,
        }
    }
}

pub(crate) fn service_error<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> JobError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let kind = match error.code() {
        Some("ResourceLimitExceeded") => FailureKind::Quota,
        _ if is_transient(error) => FailureKind::Transient,
        _ => FailureKind::Permanent,
    };
    JobError::Service { action, problem: error_chain(error), kind }
}
