//! Starts, lists and describes training jobs.

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
use jiff::Timestamp;
use matinee_aws::{
    DataDigest, DataError, DataObject, S3Uri, error_chain, is_transient, list_data, live_model,
};
use matinee_dynamodb_ratings::DynamoDbRatings;
use serde::Serialize;

use crate::name::{JobName, JobNamePrefix};
use crate::request::{Found, JobRequest};
use crate::settings::JobSettings;

/// Training jobs in one AWS account and region.
#[derive(Debug, Clone)]
pub struct TrainingJobs {
    pub(crate) client: Client,
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

/// Why a job is to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartReason<'a> {
    /// Files were uploaded. One state of the data starts one job, however many files and events there are.
    NewData,
    /// A person asked for it, with this request id. The data may be the same as before.
    Requested(&'a str),
    /// A schedule is due, with this event id. No job is needed if nothing came in since the last one.
    Scheduled(&'a str),
    /// The job with this name ended. Another one is needed if the data have changed since it was started.
    JobEnded(&'a str),
}

/// What happened when a job was to be started.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum StartOutcome {
    /// It was started.
    Started {
        /// Its name.
        job: String,
        /// Its ARN.
        arn: String,
        /// How many files of data there are.
        files: usize,
        /// Their total length in bytes.
        bytes: u64,
    },
    /// A job is already running, for the same or for other data. None was started.
    Running {
        /// The name of the running job.
        job: String,
    },
    /// This job was started for the same data, and has ended. None was started.
    UpToDate {
        /// Its name.
        job: String,
    },
    /// Neither data nor ratings came in since this job. None was started.
    NothingNew {
        /// Its name.
        job: String,
    },
}

/// What jobs learn from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The client of the bucket.
    pub s3: aws_sdk_s3::Client,
    /// The table of ratings that come in, if there is one.
    pub ratings: Option<DynamoDbRatings>,
}

impl Sources {
    /// The live model. A job that cannot be told about it trains without the comparison.
    async fn live_model(&self, bucket: &str) -> Option<S3Uri> {
        live_model(&self.s3, bucket).await.unwrap_or_else(|error| {
            tracing::warn!(error, "the new model is not compared with the live one");
            None
        })
    }
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

/// The request for a list of jobs, and a filter by name.
struct Listing<F> {
    request: ListTrainingJobsFluentBuilder,
    matches: F,
}

/// The answer to `CreateTrainingJob`.
enum Created {
    Started(StartOutcome),
    /// There is or was another job with this name.
    NameTaken,
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
        let config = Builder::from(shared)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// Starts a job, unless one is running or one was started for the same data.
    ///
    /// Two calls at the same time may both find no running job. If they see the same data, both ask for the same job name,
    /// and one job starts. Otherwise two jobs run, and the end of each is a [`StartReason`] to look at the data again.
    pub async fn start(
        &self,
        sources: &Sources,
        settings: &JobSettings,
        request: &JobRequest,
        reason: StartReason<'_>,
    ) -> Result<StartOutcome, JobError> {
        if let Some(job) = self.running(&settings.name_prefix, reason.ended()).await? {
            return Ok(StartOutcome::Running { job });
        }
        let data_as_of = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let data = list_data(&sources.s3, &settings.bucket).await?;
        let digest = DataDigest::of(&data);
        if let Some(job) = reason.ended()
            && JobName::parse(&settings.name_prefix, job).is_some_and(|name| *name.data() == digest)
        {
            return Ok(StartOutcome::UpToDate { job: job.to_owned() });
        }
        if let StartReason::Scheduled(_) = reason
            && let Some(job) = self.up_to_date(sources, settings, request, &digest).await?
        {
            return Ok(StartOutcome::NothingNew { job });
        }
        let found = Found { data_as_of, live_model: sources.live_model(&settings.bucket).await };
        let name = request.name(settings, &digest, reason.salt());
        if let Created::Started(started) = self.create(settings, request, &name, &data, &found).await? {
            return Ok(started);
        }
        // The event was delivered twice, another event found the same data, or the answer to a first attempt was lost.
        let (job, has_ended) = (name.as_str().to_owned(), self.has_ended(&name).await?);
        match reason.ended() {
            _ if !has_ended => Ok(StartOutcome::Running { job }),
            None => Ok(StartOutcome::UpToDate { job }),
            // The job for these data ended before a job for other data, whose model may have replaced the right one.
            Some(ended) => {
                let again = request.name(settings, &digest, ended);
                match self.create(settings, request, &again, &data, &found).await? {
                    Created::Started(started) => Ok(started),
                    Created::NameTaken => Ok(StartOutcome::Running { job: again.as_str().to_owned() }),
                }
            }
        }
    }

    async fn create(
        &self,
        settings: &JobSettings,
        request: &JobRequest,
        name: &JobName,
        data: &[DataObject],
        found: &Found,
    ) -> Result<Created, JobError> {
        let input = request.input(settings, name, found)?;
        let sending = self
            .client
            .create_training_job()
            .set_training_job_name(input.training_job_name)
            .set_role_arn(input.role_arn)
            .set_algorithm_specification(input.algorithm_specification)
            .set_hyper_parameters(input.hyper_parameters)
            .set_environment(input.environment)
            .set_input_data_config(input.input_data_config)
            .set_output_data_config(input.output_data_config)
            .set_checkpoint_config(input.checkpoint_config)
            .set_resource_config(input.resource_config)
            .set_stopping_condition(input.stopping_condition)
            .set_enable_managed_spot_training(input.enable_managed_spot_training)
            .set_tags(input.tags)
            .send();
        match sending.await {
            Ok(created) => Ok(Created::Started(StartOutcome::Started {
                job: name.as_str().to_owned(),
                arn: created.training_job_arn.unwrap_or_default(),
                files: data.len(),
                bytes: data.iter().map(|object| object.length).sum(),
            })),
            Err(error) if error.code() == Some("ResourceInUse") => Ok(Created::NameTaken),
            Err(error) => Err(service_error("sagemaker:CreateTrainingJob", &error)),
        }
    }

    /// The name of a running job with this prefix. `ended` does not count: the event about its end may arrive before the
    /// list of jobs is up to date.
    async fn running(&self, prefix: &JobNamePrefix, ended: Option<&str>) -> Result<Option<String>, JobError> {
        for status in [TrainingJobStatus::InProgress, TrainingJobStatus::Stopping] {
            let jobs = self.list(&format!("{prefix}-"), Some(status), |name| {
                JobName::parse(prefix, name).is_some() && Some(name) != ended
            });
            if let Some(job) = jobs.first(1).await?.pop() {
                return Ok(Some(job.name));
            }
        }
        Ok(None)
    }

    /// Whether the job with this name has ended. If the list does not have it yet, it has just been created.
    async fn has_ended(&self, name: &JobName) -> Result<bool, JobError> {
        let jobs = self.list(name.as_str(), None, |listed| listed == name.as_str()).first(1).await?;
        Ok(jobs.iter().any(|job| !["InProgress", "Stopping"].contains(&job.status.as_str())))
    }

    /// The latest `count` jobs with this prefix, the newest first.
    pub async fn recent(&self, prefix: &JobNamePrefix, count: usize) -> Result<Vec<Job>, JobError> {
        self.list(&format!("{prefix}-"), None, |name| JobName::parse(prefix, name).is_some())
            .first(count)
            .await
    }

    fn list<F: Fn(&str) -> bool>(
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

    /// Describes the job with this name.
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
}

impl<F: Fn(&str) -> bool> Listing<F> {
    /// The first `count` jobs that match. The service can only search for a part of the name, so jobs of other stacks may
    /// fill whole pages.
    async fn first(self, count: usize) -> Result<Vec<Job>, JobError> {
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

impl<'a> StartReason<'a> {
    /// The job that has ended.
    fn ended(self) -> Option<&'a str> {
        match self {
            Self::JobEnded(job) => Some(job),
            Self::NewData | Self::Requested(_) | Self::Scheduled(_) => None,
        }
    }

    /// Distinguishes the name of the job from that of another one that does the same with the same data.
    fn salt(self) -> &'a str {
        match self {
            Self::Requested(id) | Self::Scheduled(id) => id,
            Self::NewData | Self::JobEnded(_) => "",
        }
    }
}

impl JobError {
    /// Whether to try again.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Service { kind, .. } => *kind,
            Self::Data(DataError::Unreadable { is_transient: true, .. }) => FailureKind::Transient,
            Self::Data(_) | Self::Request(_) => FailureKind::Permanent,
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
