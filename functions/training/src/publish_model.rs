//! Takes a finished training job live if its model is no worse than the live one, or goes back when asked.
//!
//! Invariant: whatever goes wrong, the live model stays live.

mod config;
mod event;

use anyhow::{Context as _, Result};
use lambda_runtime::LambdaEvent;
use matinee_aws::metrics::Metric;
use matinee_aws::{Decision, JobModels, Publisher, S3Uri, run_function, s3_client};
use matinee_jobs::{TrainingJobs, is_ours};
use matinee_variables::Variables;
use serde_json::{Value, json};

use config::Config;
use event::{Action, Task};

struct Context {
    publisher: Publisher,
    models: JobModels,
    jobs: TrainingJobs,
    config: Config,
}

/// Answers events until Lambda ends the process.
pub async fn run() -> Result<()> {
    let config = Config::from_variables(&Variables::of_process())?;
    let s3 = s3_client().await;
    let models =
        JobModels::new(s3.clone(), &config.bucket, &config.name_prefix.to_string(), config.pinned.clone());
    let publisher = Publisher::new(s3, &config.bucket, config.gate, config.memory);
    let publisher = publisher.for_function_of(config.serving_memory);
    let context = Context { publisher, models, jobs: TrainingJobs::new().await, config };
    let handle = async |event: LambdaEvent<Value>| context.handle(event.payload).await;
    run_function(handle, |_| "PublishError").await.map_err(anyhow::Error::from_boxed)
}

impl Context {
    async fn handle(&self, event: Value) -> Result<Value> {
        self.answer(Task::parse(event)?).await
    }

    async fn answer(&self, task: Task) -> Result<Value> {
        match task {
            Task::JobEnded { name, output, .. } if !self.is_ours(&name, output.as_deref()) => {
                tracing::info!(job = name, "the job is another stack's");
                Ok(json!({"status": "not_ours", "job": name}))
            }
            Task::JobEnded { name, status, .. } if status == "Completed" => self.publish_job(&name).await,
            Task::JobEnded { name, status, .. } => self.tell_failure(&name, &status).await,
            Task::Action(Action::Publish { uri, force }) => {
                let uri: S3Uri = uri.parse().context("the field `uri`")?;
                self.conclude(self.publisher.publish(&uri, force).await?, &json!({})).await
            }
            Task::Action(Action::Rollback { version }) => {
                let decision = self.publisher.roll_back(version.as_deref()).await?;
                self.conclude(decision, &json!({"rollback": true})).await
            }
            Task::Action(Action::List {}) => Ok(match self.publisher.list().await? {
                Some(pointer) => serde_json::to_value(pointer)?,
                None => json!({"status": "nothing_published"}),
            }),
        }
    }

    fn is_ours(&self, name: &str, output: Option<&str>) -> bool {
        is_ours(&self.config.bucket, &self.config.name_prefix, name, output)
    }

    async fn publish_job(&self, name: &str) -> Result<Value> {
        let job = self.jobs.describe(name).await?;
        let artifact =
            job.artifact.with_context(|| format!("job {name} is {} and has no artifact", job.status))?;
        let uri: S3Uri = artifact.parse().with_context(|| format!("the artifact of job {name}"))?;
        self.conclude(self.publisher.publish(&uri, false).await?, &json!({"job": name})).await
    }

    async fn tell_failure(&self, name: &str, status: &str) -> Result<Value> {
        let job = self.jobs.describe(name).await?;
        let reason = job.failure.unwrap_or_else(|| format!("the job is {status}"));
        let properties = json!({"job": name, "status": status, "reason": reason});
        self.measure(
            Metric::TrainingFailed,
            "training ended without a model; the live model stays",
            &properties,
        );
        Ok(json!({"status": "no_model", "job": name, "reason": reason}))
    }

    /// Tells what was decided, and retires the models that it leaves without a use. What was decided stands even if
    /// they cannot be retired: the next decision tries again.
    async fn conclude(&self, decision: Decision, more: &Value) -> Result<Value> {
        let answer = self.tell(decision, more)?;
        match self.models.retire(&self.publisher).await {
            Ok(retired) if retired.is_empty() => {}
            Ok(retired) => tracing::info!(?retired, "models retired: nothing refers to them"),
            Err(error) => tracing::warn!(%error, "models without a use are not retired"),
        }
        Ok(answer)
    }

    /// One log line, which is the metric too.
    fn tell(&self, decision: Decision, more: &Value) -> Result<Value> {
        let answer = serde_json::to_value(&decision)?;
        let mut properties = answer.clone();
        if let (Value::Object(properties), Value::Object(more)) = (&mut properties, more) {
            properties.extend(more.clone());
        }
        match decision {
            Decision::Published { .. } => {
                self.measure(Metric::ModelPublished, "model published", &properties);
            }
            Decision::Refused { reasons, .. } => {
                let message = format!("model refused: {}; the live model stays", reasons.join("; "));
                self.measure(Metric::ModelRefused, &message, &properties);
            }
            Decision::AlreadyLive { live } => {
                tracing::info!(version = live.version, "the model is live already");
            }
        }
        Ok(answer)
    }

    fn measure(&self, metric: Metric, message: &str, properties: &Value) {
        println!("{}", metric.line(&self.config.stack, 1.0, message, properties));
    }
}
