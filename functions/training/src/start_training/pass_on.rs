//! Passes on to `publish-model` a run on Spark that has succeeded, and whose event got lost: EMR Serverless sends its events
//! at best effort.
//!
//! Invariant: at most the newest model is passed on, and only if nothing was decided about it or after it. `publish-model`
//! decides, as if the event had come.

use anyhow::{Context as _, Result};
use aws_config::BehaviorVersion;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use jiff::Timestamp;
use matinee_aws::{LivePointer, live_pointer};
use matinee_jobs::{JobSettings, RUN_STATE_CHANGE, SparkRun, SparkSettings, TrainingJobs};
use serde_json::{Value, json};

use super::event::{Cause, Trigger};

/// How long after the end of a run its event may still be under way, or be handled, in seconds.
const PATIENCE: i64 = 600;

/// The function that decides about models.
pub struct PassOn {
    client: Client,
    application: String,
    publisher: String,
}

impl PassOn {
    /// `None` if the settings do not name the function.
    pub async fn new(spark: &SparkSettings) -> Option<Self> {
        let publisher = spark.publisher.clone()?;
        let client = Client::new(&aws_config::defaults(BehaviorVersion::latest()).load().await);
        Some(Self { client, application: spark.application.clone(), publisher })
    }

    /// Passes on the newest run if its event got lost. A failure is logged, and the next event tries again: it must not keep
    /// a job from being started.
    pub async fn unannounced(
        &self,
        s3: &aws_sdk_s3::Client,
        jobs: &TrainingJobs,
        settings: &JobSettings,
        trigger: &Trigger,
    ) {
        match self.try_unannounced(s3, jobs, settings, trigger).await {
            Ok(None) => {}
            Ok(Some(run)) => tracing::warn!(run, "the event of a run on Spark got lost; it was passed on"),
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "cannot tell whether the event of a run got lost"
            ),
        }
    }

    async fn try_unannounced(
        &self,
        s3: &aws_sdk_s3::Client,
        jobs: &TrainingJobs,
        settings: &JobSettings,
        trigger: &Trigger,
    ) -> Result<Option<String>> {
        let runs = jobs.spark_runs(&settings.name_prefix).await?;
        let Some(newest) = runs.into_iter().find(|run| run.job.status == "Completed") else {
            return Ok(None);
        };
        // This run is announced at this moment, also to `publish-model`.
        if matches!(&trigger.cause, Cause::RunEnded { run, .. } if *run == newest.id) {
            return Ok(None);
        }
        let pointer = live_pointer(s3, &settings.bucket).await.map_err(anyhow::Error::msg)?;
        if !is_undecided(&newest, pointer.as_ref(), Timestamp::now().as_second()) {
            return Ok(None);
        }
        self.invoke(&newest.id).await?;
        Ok(Some(newest.id))
    }

    async fn invoke(&self, run: &str) -> Result<()> {
        let event = self.event(run).to_string();
        let call = self.client.invoke().function_name(&self.publisher).invocation_type(InvocationType::Event);
        call.payload(Blob::new(event)).send().await.context("lambda:InvokeFunction")?;
        Ok(())
    }

    /// The event that got lost, as far as `publish-model` reads it.
    fn event(&self, run: &str) -> Value {
        json!({
            "source": "matinee.start-training",
            "detail-type": RUN_STATE_CHANGE,
            "detail": {"applicationId": self.application, "jobRunId": run, "state": "SUCCESS"},
        })
    }
}

/// Whether nothing was decided about the model of this run, nor about a later one, although there was time enough.
fn is_undecided(run: &SparkRun, pointer: Option<&LivePointer>, now: i64) -> bool {
    let Some(pointer) = pointer else { return run.updated + PATIENCE <= now };
    let decided = std::iter::once(&pointer.live)
        .chain(&pointer.previous)
        .map(|model| &model.published_at)
        .chain(pointer.refused.iter().map(|model| &model.refused_at));
    let last = decided.filter_map(|time| time.parse::<Timestamp>().ok()).map(Timestamp::as_second).max();
    run.updated + PATIENCE <= now && last.is_none_or(|last| last < run.updated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_jobs::Job;

    const ENDED: i64 = 1_795_341_600; // 2026-11-22T10:00:00Z

    fn run() -> SparkRun {
        let job = Job {
            name: "matinee-0123456789ab-01234567".to_owned(),
            status: "Completed".to_owned(),
            created: Some(ENDED - 3600),
            output: None,
            artifact: None,
            failure: None,
        };
        SparkRun { id: "run-1".to_owned(), job, updated: ENDED }
    }

    fn pointer(published: &str, refused: Option<&str>) -> LivePointer {
        let refused = refused
            .map(|time| json!([{"version": "2", "uri": "s3://b/2/", "refused_at": time, "reasons": []}]));
        let pointer = json!({
            "version": "1", "uri": "s3://b/1/", "manifest_sha256": "", "published_at": published,
            "refused": refused.unwrap_or_else(|| json!([])),
        });
        LivePointer::parse(pointer.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_run_is_passed_on_if_nothing_was_decided_since_it_ended() {
        let (before, after) = ("2026-11-22T09:59:59Z", "2026-11-22T10:00:10Z");
        for (pointer, expected) in [
            (None, true),
            (Some(pointer(before, None)), true),
            (Some(pointer(after, None)), false),
            (Some(pointer(before, Some(after))), false),
            (Some(pointer(before, Some(before))), true),
        ] {
            assert_eq!(is_undecided(&run(), pointer.as_ref(), ENDED + PATIENCE), expected, "{pointer:?}");
            assert!(
                !is_undecided(&run(), pointer.as_ref(), ENDED + PATIENCE - 1),
                "its event may be under way"
            );
        }
    }
}
