//! Makes the model of a finished training job live if it is no worse than the live one, or goes back to an earlier model.
//!
//! Invariant: whatever goes wrong, the live model stays live.

mod config;
mod event;

use anyhow::{Context as _, Result};
use lambda_runtime::LambdaEvent;
use matinee_aws::metrics::{self, Metric};
use matinee_aws::{Decision, JobModels, Publisher, S3Uri, run_function, s3_client};
use matinee_jobs::{Job, JobName, TrainingJobs, belongs_to_stack};
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
    let publisher = publisher.with_serving_memory(config.serving_memory);
    let jobs = TrainingJobs::new().await.with_spark(config.spark_application.clone());
    let context = Context { publisher, models, jobs, config };
    // Boxed, because the futures of the SDK are large.
    let handle = async |event: LambdaEvent<Value>| Box::pin(context.handle(event.payload)).await;
    run_function(handle, |_| "PublishError").await.map_err(anyhow::Error::from_boxed)
}

impl Context {
    async fn handle(&self, event: Value) -> Result<Value> {
        self.answer(Task::parse(event)?).await
    }

    async fn answer(&self, task: Task) -> Result<Value> {
        match task {
            Task::JobEnded { name, output, .. } if !self.is_own_job(&name, output.as_deref()) => {
                tracing::info!(job = name, "the job belongs to another stack");
                Ok(json!({"status": "not_ours", "job": name}))
            }
            Task::JobEnded { name, status, .. } if status == "Completed" => {
                self.publish_job(self.jobs.describe(&name).await?).await
            }
            Task::JobEnded { name, status, .. } => {
                Ok(self.report_failure(Job { status, ..self.jobs.describe(&name).await? }))
            }
            Task::RunEnded { application, run } => self.run_ended(&application, &run).await,
            Task::Action(Action::Publish { uri, force }) => {
                let uri: S3Uri = uri.parse().context("the field `uri`")?;
                self.finish(self.publisher.publish(&uri, force).await?, &json!({})).await
            }
            Task::Action(Action::Rollback { version }) => {
                let decision = self.publisher.roll_back(version.as_deref()).await?;
                self.finish(decision, &json!({"rollback": true})).await
            }
            Task::Action(Action::List {}) => Ok(match self.publisher.list().await? {
                Some(pointer) => serde_json::to_value(pointer)?,
                None => json!({"status": "nothing_published"}),
            }),
        }
    }

    fn is_own_job(&self, name: &str, output: Option<&str>) -> bool {
        belongs_to_stack(&self.config.bucket, &self.config.name_prefix, name, output)
    }

    /// Decides about the model of a run on Spark, if it is a run of this stack, started by `start-training`.
    async fn run_ended(&self, application: &str, run: &str) -> Result<Value> {
        if self.config.spark_application.as_deref() != Some(application) {
            tracing::info!(application, run, "the run belongs to another application");
            return Ok(json!({"status": "not_ours", "run": run}));
        }
        let job = self.jobs.describe_run(&self.config.bucket, run).await?;
        if JobName::parse(&self.config.name_prefix, &job.name).is_none() {
            tracing::info!(run, job = job.name, "the run was not started by start-training");
            return Ok(json!({"status": "not_ours", "run": run}));
        }
        match job.status.as_str() {
            "Completed" => self.publish_job(job).await,
            "Failed" | "Stopped" => Ok(self.report_failure(job)),
            status => {
                anyhow::bail!("run {run} is {status} although its event says that it has ended; try again")
            }
        }
    }

    async fn publish_job(&self, job: Job) -> Result<Value> {
        let Job { name, status, artifact, .. } = job;
        let artifact = artifact.with_context(|| format!("job {name} is {status}, but has no artifact"))?;
        let uri: S3Uri = artifact.parse().with_context(|| format!("the artifact of job {name}"))?;
        self.finish(self.publisher.publish(&uri, false).await?, &json!({"job": name})).await
    }

    fn report_failure(&self, job: Job) -> Value {
        let Job { name, status, failure, .. } = job;
        let reason = failure.unwrap_or_else(|| format!("the job is {status}"));
        let properties = json!({"job": name, "status": status, "reason": reason});
        self.measure(
            Metric::TrainingFailed,
            None,
            "training ended without a model; the live model has not changed",
            &properties,
        );
        json!({"status": "no_model", "job": name, "reason": reason})
    }

    /// Reports a decision, and retires the models that nothing refers to any more. A failure to retire them does not change
    /// the decision: the next one tries again.
    async fn finish(&self, decision: Decision, extra: &Value) -> Result<Value> {
        let answer = self.report(decision, extra)?;
        match self.models.retire(&self.publisher).await {
            Ok(retired) if retired.is_empty() => {}
            Ok(retired) => tracing::info!(?retired, "models that nothing refers to were retired"),
            Err(error) => tracing::warn!(%error, "models that nothing refers to could not be retired"),
        }
        Ok(answer)
    }

    /// Writes one log line, which is also the metric.
    fn report(&self, decision: Decision, extra: &Value) -> Result<Value> {
        let answer = serde_json::to_value(&decision)?;
        let mut properties = answer.clone();
        if let (Value::Object(properties), Value::Object(extra)) = (&mut properties, extra) {
            properties.extend(extra.clone());
        }
        match decision {
            Decision::Published { live_rmse, .. } => {
                self.measure(Metric::ModelPublished, live_rmse, "model published", &properties);
            }
            Decision::Refused { reasons, live_rmse, .. } => {
                let message =
                    format!("model refused: {}; the live model has not changed", reasons.join("; "));
                self.measure(Metric::ModelRefused, live_rmse, &message, &properties);
            }
            Decision::AlreadyLive { live } => {
                tracing::info!(version = live.version, "the model is already live");
            }
        }
        Ok(answer)
    }

    /// Counts an event, and reports the RMSE of the live model on what came in, if a training has measured it.
    fn measure(&self, event: Metric, live_rmse: Option<f64>, message: &str, properties: &Value) {
        let live_rmse = live_rmse.map(|rmse| (Metric::LiveRmse, json!(rmse)));
        let metrics: Vec<(Metric, Value)> = std::iter::once((event, json!(1.0))).chain(live_rmse).collect();
        println!("{}", metrics::line(&self.config.stack, &metrics, message, properties));
    }
}
