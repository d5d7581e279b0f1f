//! The events that may start a training job: an upload, a schedule, the end of a job, or a request by hand.

use anyhow::{Context, Result};
use jiff::Timestamp;
use matinee_aws::DATA_PREFIX;
use matinee_jobs::{JobRequest, JobStateChange, RUN_STATE_CHANGE, RunStateChange, read_event};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An event that may start a training job.
#[derive(Debug, PartialEq)]
pub struct Trigger {
    /// The id of the event. If it is delivered twice, the id is the same.
    pub id: String,
    /// When it happened, in seconds since 1970.
    pub time: i64,
    /// What happened.
    pub cause: Cause,
}

/// What happened.
#[derive(Debug, PartialEq)]
pub enum Cause {
    /// An object was uploaded to the bucket.
    Upload { bucket: String, key: String, etag: String },
    /// The schedule is due.
    Schedule,
    /// A job ended. It wrote its model to `output`, if the event has that.
    JobEnded { name: String, output: Option<String> },
    /// A run on Spark ended. The event does not say the name of its job.
    RunEnded { application: String, run: String },
    /// Somebody invoked the function by hand.
    Manual(JobRequest),
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    time: String,
    detail: Value,
}

#[derive(Deserialize)]
struct ObjectCreated {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(default)]
    etag: String,
}

impl Trigger {
    /// Reads an event; the error names the field that is wrong. `request_id` is Lambda's, and `now` the time in seconds
    /// since 1970.
    pub fn parse(event: Value, request_id: &str, now: i64) -> Result<Self> {
        let kind = event.get("detail-type").map(|kind| kind.as_str().unwrap_or_default().to_owned());
        let Some(kind) = kind else {
            // `aws lambda invoke` without a payload sends null.
            let event = if event.is_null() { Value::Object(serde_json::Map::new()) } else { event };
            let request = read(event, "a request for a training job")?;
            return Ok(Self { id: request_id.to_owned(), time: now, cause: Cause::Manual(request) });
        };
        let Envelope { id, time, detail } = read(event, "an event of EventBridge")?;
        let cause = match kind.as_str() {
            "Object Created" => {
                let ObjectCreated { bucket, object } = read(detail, "that of an upload to S3")?;
                anyhow::ensure!(
                    object.key.starts_with(DATA_PREFIX),
                    "the field `detail.object.key` is `{}`; only uploads to {DATA_PREFIX} start training",
                    object.key
                );
                Cause::Upload { bucket: bucket.name, key: object.key, etag: object.etag }
            }
            "Scheduled Event" => Cause::Schedule,
            "SageMaker Training Job State Change" => {
                let JobStateChange { name, output, .. } = read(detail, "that of a training job")?;
                Cause::JobEnded { name, output }
            }
            RUN_STATE_CHANGE => {
                let RunStateChange { application_id: application, job_run_id: run, .. } =
                    read(detail, "that of a run on Spark")?;
                Cause::RunEnded { application, run }
            }
            other => anyhow::bail!(
                "the field `detail-type` is `{other}`; it must be `Object Created`, `Scheduled Event`, \
                 `SageMaker Training Job State Change` or `{RUN_STATE_CHANGE}`"
            ),
        };
        let time: Timestamp =
            time.parse().with_context(|| format!("the field `time` is `{time}`, which is not a time"))?;
        Ok(Self { id, time: time.as_second(), cause })
    }
}

/// Reads a value; the error says what was expected, and names the field that is wrong.
fn read<T: DeserializeOwned>(value: Value, what: &str) -> Result<T> {
    read_event(value).with_context(|| format!("the event is not {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn cause(event: Value) -> Result<Cause> {
        Trigger::parse(event, "request-1", 7).map(|trigger| trigger.cause)
    }

    fn event(kind: &str, detail: Value) -> Value {
        json!({"id": "event-1", "time": "2026-11-22T10:00:00Z", "detail-type": kind, "detail": detail})
    }

    #[test]
    fn every_cause_is_recognised() {
        let upload =
            json!({"bucket": {"name": "b"}, "object": {"key": "data/ratings.csv", "etag": "e", "size": 1}});
        let trigger = Trigger::parse(event("Object Created", upload), "request-1", 7).unwrap();
        assert_eq!((trigger.id.as_str(), trigger.time), ("event-1", 1_795_341_600));
        let expected = Cause::Upload { bucket: "b".into(), key: "data/ratings.csv".into(), etag: "e".into() };
        assert_eq!(trigger.cause, expected);
        assert_eq!(cause(event("Scheduled Event", json!({}))).unwrap(), Cause::Schedule);
        for (config, output) in [
            (json!({"S3OutputPath": "s3://b/models/", "KmsKeyId": ""}), Some("s3://b/models/".to_owned())),
            (json!({}), None),
            (Value::Null, None),
        ] {
            let state = json!({"TrainingJobName": "matinee-1", "CreationTime": "1583831889050", "OutputDataConfig": config});
            let ended = Cause::JobEnded { name: "matinee-1".into(), output };
            assert_eq!(cause(event("SageMaker Training Job State Change", state)).unwrap(), ended);
        }
        let state =
            json!({"applicationId": "a1", "jobRunId": "r1", "state": "FAILED", "releaseLabel": "emr-7.9.0"});
        let ended = Cause::RunEnded { application: "a1".into(), run: "r1".into() };
        assert_eq!(cause(event(RUN_STATE_CHANGE, state)).unwrap(), ended);
        let request = JobRequest { spot: Some(false), ..JobRequest::default() };
        assert_eq!(cause(json!({"spot": false})).unwrap(), Cause::Manual(request));
        assert_eq!(cause(Value::Null).unwrap(), Cause::Manual(JobRequest::default()));
    }

    #[test]
    fn a_wrong_event_is_an_error_that_names_the_field() {
        let wrong_key = json!({"bucket": {"name": "b"}, "object": {"key": "models/x"}});
        for (wrong, named) in [
            (json!({"hyperparameters": {"n_factors": 8}}), "hyperparameters.n_factors"),
            (json!({"max_seconds": "long"}), "max_seconds"),
            (json!({"instance": "ml.m5.large"}), "instance"),
            (json!([1]), "a request for a training job"),
            (event("Object Created", json!({"bucket": {}})), "bucket"),
            (event("Object Created", wrong_key), "detail.object.key"),
            (event("Object Deleted", json!({})), "detail-type"),
            (json!({"detail-type": "Scheduled Event", "id": "1", "detail": {}}), "time"),
        ] {
            let error = format!("{:#}", cause(wrong).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_event_is_read_as_it_is_or_refused_by_field(
            kind in prop::sample::select(vec!["Object Created", "Scheduled Event", "SageMaker Training Job State Change", "?"]),
            time in prop_oneof![Just("2026-11-22T10:00:00Z".to_owned()), ".{0,20}"],
            key in prop_oneof!["data/.{0,8}", ".{0,8}"],
        ) {
            let detail = json!({
                "bucket": {"name": key}, "object": {"key": key}, "TrainingJobName": key, "OutputDataConfig": {"S3OutputPath": key},
            });
            let mut event = event(kind, detail);
            event["time"] = json!(time);
            let is_time = time.parse::<Timestamp>().is_ok();
            let expected = match kind {
                "Object Created" if key.starts_with(DATA_PREFIX) => {
                    Some(Cause::Upload { bucket: key.clone(), key: key.clone(), etag: String::new() })
                }
                "Scheduled Event" => Some(Cause::Schedule),
                "SageMaker Training Job State Change" => {
                    Some(Cause::JobEnded { name: key.clone(), output: Some(key.clone()) })
                }
                _ => None,
            };
            match (cause(event), expected.filter(|_| is_time)) {
                (Ok(cause), Some(expected)) => prop_assert_eq!(cause, expected),
                (Err(error), None) => {
                    let error = format!("{error:#}");
                    let is_named = ["`time`", "`detail.object.key`", "`detail-type`"].map(|field| error.contains(field));
                    prop_assert!(is_named.contains(&true), "{}", error);
                }
                (read, expected) => prop_assert!(false, "{:?} instead of {:?}", read, expected),
            }
        }
    }
}
