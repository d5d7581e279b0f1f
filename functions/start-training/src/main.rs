//! Starts a training job when there are new ratings, on a schedule, or by hand.
//!
//! Invariant: one job at a time, and none is lost: data that come while a job runs are learned from when it ends.

mod event;

use anyhow::Result;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use matinee_aws::metrics::Metric;
use matinee_aws::{DataObject, init_logging, list_data, s3_client};
use matinee_jobs::{JobRequest, JobSettings, Started, TrainingJobs};
use serde::Serialize;
use serde_json::{Value, json};

use event::{Cause, Trigger};

struct Context {
    s3: aws_sdk_s3::Client,
    jobs: TrainingJobs,
    settings: JobSettings,
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Asked(Started),
    Passed(Passed),
}

/// Why there was nothing to do.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Passed {
    /// A later upload has an event of its own, which comes when the uploads are done.
    Superseded { by: String },
    /// Nothing was uploaded since the job that ended was asked for.
    UpToDate { job: String },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    init_logging();
    let settings = JobSettings::from_lookup(|name| std::env::var(name).ok())?;
    let context = Context { s3: s3_client().await, jobs: TrainingJobs::new().await, settings };
    let context = &context;
    let handler = service_fn(async move |event: LambdaEvent<Value>| {
        // Boxed, for the types of the SDK's futures are deep.
        Box::pin(context.handle(event)).await.map_err(diagnostic)
    });
    lambda_runtime::run(handler).await.map_err(anyhow::Error::from_boxed)
}

/// The error with its causes, as the runtime logs and reports it.
fn diagnostic(error: anyhow::Error) -> Diagnostic {
    Diagnostic { error_type: "StartTrainingError".to_owned(), error_message: format!("{error:#}") }
}

impl Context {
    async fn handle(&self, event: LambdaEvent<Value>) -> Result<Answer> {
        let now = jiff::Timestamp::now().as_second();
        self.answer(Trigger::parse(event.payload, &event.context.request_id, now)?).await
    }

    async fn answer(&self, trigger: Trigger) -> Result<Answer> {
        let answer = match &trigger.cause {
            Cause::Upload { bucket, key, etag } => {
                anyhow::ensure!(
                    *bucket == self.settings.bucket,
                    "the field `detail.bucket.name` is `{bucket}`; this stack's bucket is `{}`",
                    self.settings.bucket
                );
                match self.later_upload(key, etag, trigger.time).await? {
                    Some(by) => Answer::Passed(Passed::Superseded { by }),
                    None => self.start(&trigger, &JobRequest::default()).await?,
                }
            }
            Cause::Schedule => self.start(&trigger, &JobRequest::default()).await?,
            Cause::JobEnded { name, created } => {
                let data = list_data(&self.s3, &self.settings.bucket).await?;
                if data.iter().any(|object| object.modified > *created) {
                    self.start(&trigger, &JobRequest::default()).await?
                } else {
                    Answer::Passed(Passed::UpToDate { job: name.clone() })
                }
            }
            Cause::Hand(request) => self.start(&trigger, request).await?,
        };
        tracing::info!(answer = serde_json::to_string(&answer).unwrap_or_default(), "done");
        Ok(answer)
    }

    /// The key of an object that came after this upload. Uploads come in groups; the last one starts the job.
    async fn later_upload(&self, key: &str, etag: &str, time: i64) -> Result<Option<String>> {
        let is_later = |object: &DataObject| {
            let is_this = object.key == key && (etag.is_empty() || object.etag == etag);
            !is_this && object.modified > time
        };
        let data = list_data(&self.s3, &self.settings.bucket).await?;
        Ok(data.into_iter().find(is_later).map(|object| object.key))
    }

    async fn start(&self, trigger: &Trigger, request: &JobRequest) -> Result<Answer> {
        let name = JobRequest::name(&self.settings, trigger.time, &trigger.id);
        let started = self.jobs.start(&self.s3, &self.settings, request, &name).await?;
        if let Started::Started { job, .. } = &started {
            let metric = Metric::TrainingStarted;
            println!(
                "{}",
                metric.line(&self.settings.stack, 1.0, "training job started", &json!({"job": job}))
            );
        }
        Ok(Answer::Asked(started))
    }
}
