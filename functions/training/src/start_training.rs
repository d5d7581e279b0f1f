//! Starts a training job when there are new ratings, on a schedule, or by hand.
//!
//! Invariant: one state of the data starts one job, and the last state is always trained on. If the data have changed when
//! a job ends, another job starts.

mod event;
mod pass_on;

use anyhow::Result;
use lambda_runtime::LambdaEvent;
use matinee_aws::metrics::Metric;
use matinee_aws::{DataError, DataObject, list_data, run_function, s3_client};
use matinee_dynamodb_ratings::DynamoDbRatings;
use matinee_jobs::{
    FailureKind, JobError, JobName, JobRequest, JobSettings, Sources, StartOutcome, StartReason,
    TrainingJobs, belongs_to_stack,
};
use matinee_variables::Variables;
use serde::Serialize;
use serde_json::{Value, json};

use event::{Cause, Trigger};
use pass_on::PassOn;

struct Context {
    sources: Sources,
    jobs: TrainingJobs,
    settings: JobSettings,
    /// Passes on runs on Spark whose event got lost.
    pass_on: Option<PassOn>,
}

/// The function's answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Start(StartOutcome),
    Skipped(Skipped),
}

/// Why no job was asked for.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Skipped {
    /// There was a later upload, whose own event starts the job.
    Superseded { by: String },
    /// There are no ratings yet. The event of their upload starts the job.
    NoRatings { reason: String },
    /// The job that ended belongs to another stack.
    NotOurs { job: String },
    /// The job that ended was not started by the stack: its name does not tell the data that it learned from.
    ByHand { job: String },
}

/// Answers events until Lambda ends the process.
pub async fn run() -> Result<()> {
    let settings = JobSettings::from_variables(&Variables::of_process())?;
    let ratings = match &settings.ratings_table {
        Some(table) => Some(DynamoDbRatings::new(table.clone()).await),
        None => None,
    };
    let sources = Sources { s3: s3_client().await, ratings };
    let spark = settings.spark.as_ref();
    let jobs = TrainingJobs::new().await.with_spark(spark.map(|spark| spark.application.clone()));
    let pass_on = match spark {
        Some(spark) => PassOn::new(spark).await,
        None => None,
    };
    let context = Context { sources, jobs, settings, pass_on };
    let handle = async |event| context.handle(event).await;
    run_function(handle, error_type).await.map_err(anyhow::Error::from_boxed)
}

/// The state machine decides by the type of an error whether to try again; docs/operations.md lists the types.
fn error_type(error: &anyhow::Error) -> &'static str {
    match error.downcast_ref::<JobError>() {
        Some(JobError::Data(DataError::NoRatings { .. })) => "NoRatings",
        Some(error) => match error.kind() {
            FailureKind::Transient => "ServiceUnavailable",
            FailureKind::Quota => "ResourceLimitExceeded",
            FailureKind::Permanent => "StartTrainingError",
        },
        None => "StartTrainingError",
    }
}

impl Context {
    async fn handle(&self, event: LambdaEvent<Value>) -> Result<Answer> {
        let now = jiff::Timestamp::now().as_second();
        self.answer(Trigger::parse(event.payload, &event.context.request_id, now)?).await
    }

    async fn answer(&self, trigger: Trigger) -> Result<Answer> {
        if let Some(pass_on) = &self.pass_on {
            pass_on.unannounced(&self.sources.s3, &self.jobs, &self.settings, &trigger).await;
        }
        let answer = match &trigger.cause {
            Cause::Upload { bucket, key, etag } => {
                anyhow::ensure!(
                    *bucket == self.settings.bucket,
                    "the field `detail.bucket.name` is `{bucket}`; this stack's bucket is `{}`",
                    self.settings.bucket
                );
                self.uploaded(key, etag, trigger.time).await?
            }
            Cause::Schedule => {
                self.start(&JobRequest::default(), StartReason::Scheduled(&trigger.id)).await?
            }
            Cause::JobEnded { name, output } => self.job_ended(name, output.as_deref()).await?,
            Cause::RunEnded { application, run } => self.run_ended(application, run).await?,
            Cause::Manual(request) => self.start(request, StartReason::Requested(&trigger.id)).await?,
        };
        tracing::info!(answer = serde_json::to_string(&answer).unwrap_or_default(), "done");
        Ok(answer)
    }

    async fn uploaded(&self, key: &str, etag: &str, time: i64) -> Result<Answer> {
        let answer = async {
            let data = list_data(&self.sources.s3, &self.settings.bucket).await?;
            if let Some(by) = later_upload(&data, key, etag, time) {
                return Ok(Answer::Skipped(Skipped::Superseded { by: by.to_owned() }));
            }
            self.start(&JobRequest::default(), StartReason::NewData).await
        };
        without_ratings(answer.await)
    }

    async fn job_ended(&self, name: &str, output: Option<&str>) -> Result<Answer> {
        let JobSettings { bucket, name_prefix, .. } = &self.settings;
        if !belongs_to_stack(bucket, name_prefix, name, output) {
            return Ok(Answer::Skipped(Skipped::NotOurs { job: name.to_owned() }));
        }
        if JobName::parse(name_prefix, name).is_none() {
            return Ok(Answer::Skipped(Skipped::ByHand { job: name.to_owned() }));
        }
        without_ratings(self.start(&JobRequest::default(), StartReason::JobEnded(name)).await)
    }

    async fn run_ended(&self, application: &str, run: &str) -> Result<Answer> {
        let JobSettings { bucket, spark, .. } = &self.settings;
        if spark.as_ref().is_none_or(|spark| spark.application != application) {
            return Ok(Answer::Skipped(Skipped::NotOurs { job: run.to_owned() }));
        }
        let job = self.jobs.describe_run(bucket, run).await?;
        let name = if job.name.is_empty() { run } else { &job.name };
        self.job_ended(name, Some(&format!("s3://{bucket}/models/"))).await
    }

    async fn start(&self, request: &JobRequest, reason: StartReason<'_>) -> Result<Answer, JobError> {
        let started = self.jobs.start(&self.sources, &self.settings, request, reason).await?;
        if let StartOutcome::Started { job, .. } = &started {
            let metric = Metric::TrainingStarted;
            println!(
                "{}",
                metric.line(&self.settings.stack, 1.0, "training job started", &json!({"job": job}))
            );
        }
        Ok(Answer::Start(started))
    }
}

/// The key of an object that was uploaded later than this one. Files are often uploaded in groups, and the last one starts
/// the job.
///
/// An object is later if the bucket's list dates it after the time of the event and after this upload in the same list. Two
/// objects cannot both be later than each other, however wrong the clocks are, so one of a group always starts the job.
fn later_upload<'a>(data: &'a [DataObject], key: &str, etag: &str, time: i64) -> Option<&'a str> {
    let is_this = |object: &DataObject| object.key == key && (etag.is_empty() || object.etag == etag);
    let listed = data.iter().find(|object| is_this(object)).map_or(time, |object| object.modified);
    let is_later = |object: &&DataObject| !is_this(object) && object.modified > time.max(listed);
    data.iter().find(is_later).map(|object| object.key.as_str())
}

/// Missing ratings are not an error if nobody asked for a job: the catalogue may be uploaded long before the ratings.
fn without_ratings(answer: Result<Answer, JobError>) -> Result<Answer> {
    match answer {
        Err(JobError::Data(error @ DataError::NoRatings { .. })) => {
            Ok(Answer::Skipped(Skipped::NoRatings { reason: error.to_string() }))
        }
        answer => Ok(answer?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(key: &str, modified: i64) -> DataObject {
        DataObject { key: key.to_owned(), length: 1, modified, etag: "e".to_owned() }
    }

    #[test]
    fn the_last_upload_of_a_group_starts_the_job() {
        let group = [object("data/movies.csv", 10), object("data/ratings.csv", 12)];
        assert_eq!(later_upload(&group, "data/movies.csv", "e", 10), Some("data/ratings.csv"));
        assert_eq!(later_upload(&group, "data/ratings.csv", "e", 12), None);
        // The same file, uploaded in parts: S3 dates it by the start of the upload, which ended after the others.
        let slow = [object("data/movies.csv", 10), object("data/ratings.csv", 5)];
        assert_eq!(later_upload(&slow, "data/ratings.csv", "e", 15), None);
        assert_eq!(later_upload(&slow, "data/movies.csv", "e", 10), None);
        // The file was replaced meanwhile.
        assert_eq!(later_upload(&group, "data/ratings.csv", "old", 11), Some("data/ratings.csv"));
    }

    /// However wrong the clock of the events is, one of the uploads starts a job.
    #[test]
    fn one_of_any_group_starts_the_job() {
        proptest!(|(uploads in prop::collection::vec((0..4_i64, 0..4_i64), 1..5))| {
            let key = |index: usize| format!("data/{index}.csv");
            let data: Vec<DataObject> =
                uploads.iter().enumerate().map(|(index, (modified, _))| object(&key(index), *modified)).collect();
            let starts = |(index, (_, time)): (usize, &(i64, i64))| {
                later_upload(&data, &key(index), "e", *time).is_none()
            };
            prop_assert!(uploads.iter().enumerate().any(starts));
        });
    }

    #[test]
    fn errors_have_the_types_that_the_state_machine_knows() {
        let service = |kind| JobError::Service { action: "a", problem: "p".to_owned(), kind };
        let unreadable = |is_transient| {
            JobError::Data(DataError::Unreadable {
                bucket: "b".to_owned(),
                problem: String::new(),
                is_transient,
            })
        };
        let empty = DataError::NoRatings { bucket: "b".to_owned(), found: String::new() };
        for (error, expected) in [
            (service(FailureKind::Transient), "ServiceUnavailable"),
            (service(FailureKind::Quota), "ResourceLimitExceeded"),
            (service(FailureKind::Permanent), "StartTrainingError"),
            (unreadable(true), "ServiceUnavailable"),
            (unreadable(false), "StartTrainingError"),
            (empty.into(), "NoRatings"),
        ] {
            assert_eq!(error_type(&error.into()), expected);
        }
        assert_eq!(error_type(&anyhow::anyhow!("the field `time`")), "StartTrainingError");
    }
}
