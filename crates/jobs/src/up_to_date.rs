//! Whether the last job learned from everything that there is, so that another one would train the same model.

use std::time::Duration;

use matinee_aws::DataDigest;
use matinee_dynamodb_ratings::Arrivals;
use matinee_live_ratings::Moment;

use crate::jobs::{Job, JobError, TrainingJobs, service_error};
use crate::name::JobName;
use crate::request::JobRequest;
use crate::settings::JobSettings;
use crate::spark::SparkRequest;
use crate::start::{Sources, Wanted};

/// How long to look for new ratings. If the time is not enough, a job is started.
const LOOK: Duration = Duration::from_secs(15);
/// How far the clocks of the functions and of `SageMaker` may differ, in seconds.
const CLOCK_TOLERANCE: i64 = 60;

impl TrainingJobs {
    /// The name of the last job, if it is completed and nothing has changed since: neither data and ratings, nor image and
    /// hyperparameters.
    pub(crate) async fn up_to_date(
        &self,
        sources: &Sources,
        settings: &JobSettings,
        request: &JobRequest,
        wanted: &Wanted<'_>,
        digest: &DataDigest,
    ) -> Result<Option<String>, JobError> {
        let Some(last) = self.recent(&settings.name_prefix, 1).await?.pop() else { return Ok(None) };
        let read = JobName::parse(&settings.name_prefix, &last.name);
        let is_current = last.status == "Completed" && read.is_some_and(|name| name.data() == digest);
        if !is_current
            || !self.does_what_is_wanted(&last.name, settings, request, wanted).await?
            || has_arrivals(sources, &last).await
        {
            return Ok(None);
        }
        Ok(Some(last.name))
    }

    /// Whether a job runs where another one would, and does the same.
    async fn does_what_is_wanted(
        &self,
        job: &str,
        settings: &JobSettings,
        request: &JobRequest,
        wanted: &Wanted<'_>,
    ) -> Result<bool, JobError> {
        let runs = self.spark.all(&settings.name_prefix).await?;
        match (&wanted.spark, runs.iter().find(|run| run.job.name == job)) {
            (Some(spark), Some(run)) => self.runs_the_same(job, &run.id, spark).await,
            (None, None) => self.does_the_same(job, settings, request).await,
            _ => Ok(false),
        }
    }

    /// Whether a run has the script and the arguments that another one would have.
    async fn runs_the_same(&self, job: &str, run: &str, wanted: &SparkRequest<'_>) -> Result<bool, JobError> {
        let (script, arguments) = self.spark.command(run).await?;
        Ok(script == wanted.script() && arguments == wanted.arguments(job))
    }

    /// Whether a job had the image and the hyperparameters that another one would have.
    async fn does_the_same(
        &self,
        job: &str,
        settings: &JobSettings,
        request: &JobRequest,
    ) -> Result<bool, JobError> {
        let describing = self.client.describe_training_job().training_job_name(job);
        let described = describing.send().await;
        let described = described.map_err(|error| service_error("sagemaker:DescribeTrainingJob", &error))?;
        let image = described.algorithm_specification.and_then(|algorithm| algorithm.training_image);
        let hyperparameters = described.hyper_parameters.unwrap_or_default();
        Ok(image.as_ref() == Some(&settings.image)
            && hyperparameters == request.all_hyperparameters(settings))
    }
}

/// Whether ratings came in since the job was created. If that cannot be found out, it is assumed.
async fn has_arrivals(sources: &Sources, job: &Job) -> bool {
    let (Some(ratings), Some(created)) = (&sources.ratings, job.created) else {
        return sources.ratings.is_some();
    };
    let since = Moment((created - CLOCK_TOLERANCE) * 1000);
    match ratings.arrivals(since, LOOK).await {
        Ok(arrivals) => arrivals != Arrivals::None,
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether ratings came in, so a job is started");
            true
        }
    }
}
