//! The jobs that there are, and one more.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::config::Builder;
use aws_sdk_sagemaker::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::types::{SortBy, SortOrder, TrainingJobStatus, TrainingJobSummary};
use matinee_aws::{DataError, DataObject, chain, list_data};
use serde::Serialize;

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
    /// Where its artifact is, once it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
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
    /// Another one runs; there is none beside it.
    Running {
        /// The name of the one that runs.
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
    },
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

    /// Starts a job if none runs and there are data.
    pub async fn start(
        &self,
        s3: &aws_sdk_s3::Client,
        settings: &JobSettings,
        request: &JobRequest,
        name: &str,
    ) -> Result<Started, JobError> {
        if let Some(job) = self.running(&settings.name_prefix).await? {
            return Ok(Started::Running { job });
        }
        let data = list_data(s3, &settings.bucket).await?;
        self.create(settings, request, name, &data).await
    }

    async fn create(
        &self,
        settings: &JobSettings,
        request: &JobRequest,
        name: &str,
        data: &[DataObject],
    ) -> Result<Started, JobError> {
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
            Ok(created) => Ok(Started::Started {
                job: name.to_owned(),
                arn: created.training_job_arn.unwrap_or_default(),
                files: data.len(),
                bytes: data.iter().map(|object| object.length).sum(),
            }),
            // The event was delivered twice, or the answer to the first attempt was lost.
            Err(error) if error.code() == Some("ResourceInUse") => {
                Ok(Started::Running { job: name.to_owned() })
            }
            Err(error) => Err(service("sagemaker:CreateTrainingJob", &error)),
        }
    }

    /// The name of a job that runs, of those whose names begin with `prefix`.
    pub async fn running(&self, prefix: &str) -> Result<Option<String>, JobError> {
        for status in [TrainingJobStatus::InProgress, TrainingJobStatus::Stopping] {
            let jobs = self.list(prefix, Some(status), 100).await?;
            if let Some(job) = jobs.into_iter().next() {
                return Ok(Some(job.name));
            }
        }
        Ok(None)
    }

    /// The last jobs whose names begin with `prefix`, the last one first.
    pub async fn recent(&self, prefix: &str, count: i32) -> Result<Vec<Job>, JobError> {
        self.list(prefix, None, count).await
    }

    async fn list(
        &self,
        prefix: &str,
        status: Option<TrainingJobStatus>,
        count: i32,
    ) -> Result<Vec<Job>, JobError> {
        let prefix = format!("{prefix}-");
        let request = self
            .client
            .list_training_jobs()
            .name_contains(&prefix)
            .set_status_equals(status)
            .sort_by(SortBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(count);
        let page = request.send().await.map_err(|error| service("sagemaker:ListTrainingJobs", &error))?;
        let jobs = page.training_job_summaries.unwrap_or_default().into_iter().map(Job::from);
        Ok(jobs.filter(|job| job.name.starts_with(&prefix)).collect())
    }

    /// What there is to know of a job.
    pub async fn describe(&self, name: &str) -> Result<Job, JobError> {
        let request = self.client.describe_training_job().training_job_name(name);
        let job = request.send().await.map_err(|error| service("sagemaker:DescribeTrainingJob", &error))?;
        Ok(Job {
            name: job.training_job_name.unwrap_or_default(),
            status: job.training_job_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created: job.creation_time.map(|time| time.secs()),
            artifact: job.model_artifacts.and_then(|artifacts| artifacts.s3_model_artifacts),
            failure: job.failure_reason,
        })
    }
}

impl From<TrainingJobSummary> for Job {
    fn from(job: TrainingJobSummary) -> Self {
        Self {
            name: job.training_job_name.unwrap_or_default(),
            status: job.training_job_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            created: job.creation_time.map(|time| time.secs()),
            artifact: None,
            failure: None,
        }
    }
}

fn service<E, R>(action: &'static str, error: &SdkError<E, R>) -> JobError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    JobError::Service { action, problem: chain(error) }
}
