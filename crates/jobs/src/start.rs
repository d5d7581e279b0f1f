//! Starts a training job, in `SageMaker` or on Spark.

use aws_sdk_sagemaker::error::ProvideErrorMetadata;
use jiff::Timestamp;
use matinee_aws::{DataDigest, DataObject, S3Uri, list_data, live_model};
use matinee_dynamodb_ratings::DynamoDbRatings;
use serde::Serialize;

use crate::jobs::{JobError, TrainingJobs, service_error};
use crate::name::JobName;
use crate::request::{Found, JobRequest};
use crate::settings::JobSettings;
use crate::spark::{Program, SparkRequest, place};

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

/// A job that is to be started.
pub(crate) struct Wanted<'a> {
    settings: &'a JobSettings,
    request: &'a JobRequest,
    data: &'a [DataObject],
    /// What is asked of EMR Serverless, if it runs on Spark.
    pub(crate) spark: Option<SparkRequest<'a>>,
}

/// The answer to the request for a job.
enum Created {
    Started(StartOutcome),
    /// There is or was another job with this name.
    NameTaken,
}

impl<'a> Wanted<'a> {
    async fn new(
        sources: &Sources,
        settings: &'a JobSettings,
        request: &'a JobRequest,
        data: &'a [DataObject],
    ) -> Result<Self, JobError> {
        let spark = match place(settings, request, data)? {
            Some(spark) => {
                let program = Program::find(&sources.s3, &settings.bucket).await?;
                Some(SparkRequest::new(settings, spark, request, program, data)?)
            }
            None => None,
        };
        Ok(Self { settings, request, data, spark })
    }

    fn name(&self, digest: &DataDigest, salt: &str) -> JobName {
        match &self.spark {
            Some(spark) => spark.name(digest, salt),
            None => self.request.name(self.settings, digest, salt),
        }
    }

    fn started(&self, name: &JobName, arn: String) -> Created {
        Created::Started(StartOutcome::Started {
            job: name.as_str().to_owned(),
            arn,
            files: self.data.len(),
            bytes: self.data.iter().map(|object| object.length).sum(),
        })
    }
}

impl TrainingJobs {
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
        let wanted = Wanted::new(sources, settings, request, &data).await?;
        if let StartReason::Scheduled(_) = reason
            && let Some(job) = self.up_to_date(sources, settings, request, &wanted, &digest).await?
        {
            return Ok(StartOutcome::NothingNew { job });
        }
        let name = wanted.name(&digest, reason.salt());
        if let Created::Started(started) = self.create(sources, &wanted, &name, data_as_of).await? {
            return Ok(started);
        }
        // The event was delivered twice, another event found the same data, or the answer to a first attempt was lost.
        let (job, has_ended) = (name.as_str().to_owned(), self.has_ended(settings, &name).await?);
        match reason.ended() {
            _ if !has_ended => Ok(StartOutcome::Running { job }),
            None => Ok(StartOutcome::UpToDate { job }),
            // The job for these data ended before a job for other data, whose model may have replaced the right one.
            Some(ended) => {
                let again = wanted.name(&digest, ended);
                match self.create(sources, &wanted, &again, data_as_of).await? {
                    Created::Started(started) => Ok(started),
                    Created::NameTaken => Ok(StartOutcome::Running { job: again.as_str().to_owned() }),
                }
            }
        }
    }

    async fn create(
        &self,
        sources: &Sources,
        wanted: &Wanted<'_>,
        name: &JobName,
        data_as_of: Timestamp,
    ) -> Result<Created, JobError> {
        if let Some(spark) = &wanted.spark {
            return self.create_run(wanted, spark, name).await;
        }
        let live_model = sources.live_model(&wanted.settings.bucket).await;
        self.create_job(wanted, name, &Found { data_as_of, live_model }).await
    }

    /// Creates a job in `SageMaker`, which accepts each name once.
    async fn create_job(
        &self,
        wanted: &Wanted<'_>,
        name: &JobName,
        found: &Found,
    ) -> Result<Created, JobError> {
        let input = wanted.request.input(wanted.settings, name, found)?;
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
            Ok(created) => Ok(wanted.started(name, created.training_job_arn.unwrap_or_default())),
            Err(error) if error.code() == Some("ResourceInUse") => Ok(Created::NameTaken),
            Err(error) => Err(service_error("sagemaker:CreateTrainingJob", &error)),
        }
    }

    /// Starts a run on Spark. Two calls at the same time start one, because the name is also the token. The token alone
    /// does not tell a run that is started from one that has ended, so earlier runs are looked up.
    async fn create_run(
        &self,
        wanted: &Wanted<'_>,
        spark: &SparkRequest<'_>,
        name: &JobName,
    ) -> Result<Created, JobError> {
        let runs = self.spark.all(&wanted.settings.name_prefix).await?;
        if runs.iter().any(|run| run.job.name == name.as_str()) {
            return Ok(Created::NameTaken);
        }
        match self.spark.start(spark, name).await? {
            Some(arn) => Ok(wanted.started(name, arn)),
            None => Ok(Created::NameTaken),
        }
    }

    /// Whether the job with this name has ended. If no list has it yet, it has just been created.
    async fn has_ended(&self, settings: &JobSettings, name: &JobName) -> Result<bool, JobError> {
        let mut jobs = self.list(name.as_str(), None, |listed| listed == name.as_str()).first(1).await?;
        jobs.extend(self.spark.all(&settings.name_prefix).await?.into_iter().map(|run| run.job));
        Ok(jobs.iter().any(|job| job.name == name.as_str() && job.has_ended()))
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
