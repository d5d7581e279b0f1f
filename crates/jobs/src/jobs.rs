//! The jobs that there are, and one more.

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
use matinee_aws::{DataDigest, DataError, DataObject, chain, is_transient, list_data};
use serde::Serialize;

use crate::name::{JobName, JobNamePrefix};
use crate::request::JobRequest;
use crate::settings::JobSettings;

/// The control plane of training jobs.
#[derive(Debug, Clone)]
pub struct TrainingJobs {
    client: Client,
}

/// A job, as far as the loop needs it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// `InProgress`, `Completed`, `Failed`, `Stopping` or `Stopped`.
    pub status: String,
    /// When it was asked for, in seconds since 1970.
    pub created: Option<i64>,
    /// Where it writes, as far as that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Where its artifact is, once it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Why a job is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion<'a> {
    /// Files came. One state of the data starts one job, however many files and events it took.
    NewData,
    /// A schedule or somebody asks, by the request with this id: the data may be the same as before.
    Asked(&'a str),
    /// The job with this name ended: there is another if the data changed since it was asked for.
    Ended(&'a str),
}

/// What became of a request for a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Started {
    /// It was started.
    Started {
        /// Its name.
        job: String,
        /// Its resource name.
        arn: String,
        /// How many files it will read.
        files: usize,
        /// Their length in bytes.
        bytes: u64,
    },
    /// A job runs, the same or another one; there is none beside it.
    Running {
        /// The name of the one that runs.
        job: String,
    },
    /// The data are those that this job was started for, and it has ended.
    UpToDate {
        /// Its name.
        job: String,
    },
}

/// Why there is no job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is nothing to learn from.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The request lacks something.
    #[error("the request for a training job is incomplete: {0}")]
    Request(#[from] BuildError),
    /// The service refused or did not answer.
    #[error("{action}: {problem}")]
    Service {
        /// What was asked.
        action: &'static str,
        /// What it said.
        problem: String,
        /// Whether asking again may help.
        kind: Refusal,
    },
}

/// What to do about a service that did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is overloaded, failed or was not reached: ask again in a while.
    Transient,
    /// The account's quota of instances is used up, or is zero: wait for other jobs, or ask for more.
    Quota,
    /// It would refuse the same request again.
    Lasting,
}

/// A list of jobs that is asked for page by page, and which of them are meant, by name.
struct Listing<F> {
    request: ListTrainingJobsFluentBuilder,
    is_meant: F,
}

/// What `CreateTrainingJob` answered.
enum Created {
    Started(Started),
    /// There is or was a job with this name.
    NameTaken,
}

impl TrainingJobs {
    /// The jobs in the region, with the credentials and the service address of the environment.
    pub async fn new() -> Self {
        Self::of(&aws_config::defaults(BehaviorVersion::latest()).load().await)
    }

    /// The jobs in the region of `shared`, with its credentials and service address.
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

    /// Starts a job if none runs and there are data to learn from that none was started for.
    ///
    /// Two requests at the same time may both find no job running. If they see the same data they ask for the same
    /// name, and one job starts; if not, two run, and the end of each is an [`Occasion`] to look at the data again.
    pub async fn start(
        &self,
        s3: &aws_sdk_s3::Client,
        settings: &JobSettings,
        request: &JobRequest,
        occasion: Occasion<'_>,
    ) -> Result<Started, JobError> {
        if let Some(job) = self.running(&settings.name_prefix, occasion.ended()).await? {
            return Ok(Started::Running { job });
        }
        let data = list_data(s3, &settings.bucket).await?;
        let digest = DataDigest::of(&data);
        if let Some(job) = occasion.ended()
            && JobName::parse(&settings.name_prefix, job).is_some_and(|name| *name.data() == digest)
        {
            return Ok(Started::UpToDate { job: job.to_owned() });
        }
        let name = request.name(settings, &digest, occasion.salt());
        if let Created::Started(started) = self.create(settings, request, &name, &data).await? {
            return Ok(started);
        }
        // The event was delivered twice, another one saw the same data, or the answer to the first attempt was lost.
        let (job, has_ended) = (name.as_str().to_owned(), self.has_ended(&name).await?);
        match occasion.ended() {
            _ if !has_ended => Ok(Started::Running { job }),
            None => Ok(Started::UpToDate { job }),
            // The job for these data ended before the one with other data did, which may have taken its place.
            Some(ended) => {
                let again = request.name(settings, &digest, ended);
                match self.create(settings, request, &again, &data).await? {
                    Created::Started(started) => Ok(started),
                    Created::NameTaken => Ok(Started::Running { job: again.as_str().to_owned() }),
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
    ) -> Result<Created, JobError> {
        let input = request.input(settings, name)?;
        let sending = self
            .client
            .create_training_job()
            .set_training_job_name(input.training_job_name)
            .set_role_arn(input.role_arn)
            .set_algorithm_specification(input.algorithm_specification)
            .set_hyper_parameters(input.hyper_parameters)
            .set_input_data_config(input.input_data_config)
            .set_output_data_config(input.output_data_config)
            .set_checkpoint_config(input.checkpoint_config)
            .set_resource_config(input.resource_config)
            .set_stopping_condition(input.stopping_condition)
            .set_enable_managed_spot_training(input.enable_managed_spot_training)
            .set_tags(input.tags)
            .send();
        match sending.await {
            Ok(created) => Ok(Created::Started(Started::Started {
                job: name.as_str().to_owned(),
                arn: created.training_job_arn.unwrap_or_default(),
                files: data.len(),
                bytes: data.iter().map(|object| object.length).sum(),
            })),
            Err(error) if error.code() == Some("ResourceInUse") => Ok(Created::NameTaken),
            Err(error) => Err(service("sagemaker:CreateTrainingJob", &error)),
        }
    }

    /// The name of a job of the stack with this prefix that runs. `ended` does not: an event said so, which may come
    /// before the list of jobs knows.
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

    /// Whether the job with this name has ended. One that the list does not know yet has just begun.
    async fn has_ended(&self, name: &JobName) -> Result<bool, JobError> {
        let jobs = self.list(name.as_str(), None, |listed| listed == name.as_str()).first(1).await?;
        Ok(jobs.iter().any(|job| !["InProgress", "Stopping"].contains(&job.status.as_str())))
    }

    /// The last jobs of the stack with this prefix, the last one first.
    pub async fn recent(&self, prefix: &JobNamePrefix, count: usize) -> Result<Vec<Job>, JobError> {
        self.list(&format!("{prefix}-"), None, |name| JobName::parse(prefix, name).is_some())
            .first(count)
            .await
    }

    fn list<F: Fn(&str) -> bool>(
        &self,
        part: &str,
        status: Option<TrainingJobStatus>,
        is_meant: F,
    ) -> Listing<F> {
        let request = self
            .client
            .list_training_jobs()
            .name_contains(part)
            .set_status_equals(status)
            .sort_by(SortBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(100);
        Listing { request, is_meant }
    }

    /// What there is to know of a job.
    pub async fn describe(&self, name: &str) -> Result<Job, JobError> {
        let request = self.client.describe_training_job().training_job_name(name);
        let job = request.send().await.map_err(|error| service("sagemaker:DescribeTrainingJob", &error))?;
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
    /// The first jobs of it, at most so many. The service tells names that contain a text anywhere, so those of others
    /// may fill whole pages.
    async fn first(self, count: usize) -> Result<Vec<Job>, JobError> {
        let mut found = Vec::new();
        let mut pages = self.request.into_paginator().send();
        while found.len() < count
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| service("sagemaker:ListTrainingJobs", &error))?;
            let jobs = page.training_job_summaries.unwrap_or_default().into_iter().map(Job::from);
            found.extend(jobs.filter(|job| (self.is_meant)(&job.name)));
        }
        found.truncate(count);
        Ok(found)
    }
}

impl<'a> Occasion<'a> {
    /// The job that ended.
    fn ended(self) -> Option<&'a str> {
        match self {
            Self::Ended(job) => Some(job),
            Self::NewData | Self::Asked(_) => None,
        }
    }

    /// What tells the job from one that does the same with the same data.
    fn salt(self) -> &'a str {
        match self {
            Self::Asked(id) => id,
            Self::NewData | Self::Ended(_) => "",
        }
    }
}

impl JobError {
    /// Whether asking again may help.
    pub fn kind(&self) -> Refusal {
        match self {
            Self::Service { kind, .. } => *kind,
            Self::Data(DataError::Unreadable { is_transient: true, .. }) => Refusal::Transient,
            Self::Data(_) | Self::Request(_) => Refusal::Lasting,
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

fn service<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> JobError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let kind = match error.code() {
        Some("ResourceLimitExceeded") => Refusal::Quota,
        _ if is_transient(error) => Refusal::Transient,
        _ => Refusal::Lasting,
    };
    JobError::Service { action, problem: chain(error), kind }
}
