//! What asks for training: an upload, a schedule, a job that ended, or somebody by hand.

use anyhow::{Context, Result};
use jiff::Timestamp;
use matinee_aws::DATA_PREFIX;
use matinee_jobs::{JobRequest, JobStateChange, read_event};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What asks for training.
#[derive(Debug, PartialEq)]
pub struct Trigger {
    /// Names the event: one that is delivered twice has the same.
    pub id: String,
    /// When it happened, in seconds since 1970.
    pub time: i64,
    /// What happened.
    pub cause: Cause,
}

/// What happened.
#[derive(Debug, PartialEq)]
pub enum Cause {
    /// An object was put into the bucket.
    Upload { bucket: String, key: String, etag: String },
    /// The time of the schedule has come.
    Schedule,
    /// A job ended, which wrote its model to `output`, where the event tells that.
    JobEnded { name: String, output: Option<String> },
    /// Somebody asked.
    Hand(JobRequest),
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
    /// Reads an event; one that is none of those names the field that is wrong. `request_id` is Lambda's.
    pub fn parse(event: Value, request_id: &str, now: i64) -> Result<Self> {
        let kind = event.get("detail-type").map(|kind| kind.as_str().unwrap_or_default().to_owned());
        let Some(kind) = kind else {
            // What `aws lambda invoke` sends without a payload.
            let event = if event.is_null() { Value::Object(serde_json::Map::new()) } else { event };
            let request = read(event, "a request by hand")?;
            return Ok(Self { id: request_id.to_owned(), time: now, cause: Cause::Hand(request) });
        };
        let Envelope { id, time, detail } = read(event, "an event")?;
        let cause = match kind.as_str() {
            "Object Created" => {
                let ObjectCreated { bucket, object } = read(detail, "`detail` of an upload")?;
                anyhow::ensure!(
                    object.key.starts_with(DATA_PREFIX),
                    "the field `detail.object.key` is `{}`; only uploads under {DATA_PREFIX} start training",
                    object.key
                );
                Cause::Upload { bucket: bucket.name, key: object.key, etag: object.etag }
            }
            "Scheduled Event" => Cause::Schedule,
            "SageMaker Training Job State Change" => {
                let JobStateChange { name, output, .. } = read(detail, "`detail` of a training job")?;
                Cause::JobEnded { name, output }
            }
            other => anyhow::bail!(
                "the field `detail-type` is `{other}`; it must be `Object Created`, `Scheduled Event` or \
                 `SageMaker Training Job State Change`"
            ),
        };
        let time: Timestamp = time.parse().with_context(|| format!("the field `time` is `{time}`"))?;
        Ok(Self { id, time: time.as_second(), cause })
    }
}

/// Reads a value; the error says what it is not, and names the field.
fn read<T: DeserializeOwned>(value: Value, what: &str) -> Result<T> {
    read_event(value).with_context(|| format!("this is not {what}"))
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
    fn every_trigger_is_told_apart() {
        let upload =
            json!({"bucket": {"name": "b"}, "object": {"key": "data/ratings.csv", "etag": "e", "size": 1}});
        let trigger = Trigger::parse(event("Object Created", upload), "request-1", 7).unwrap();
        assert_eq!((trigger.id.as_str(), trigger.time), ("event-1", 1_795_341_600));
        let expected = Cause::Upload { bucket: "b".into(), key: "data/ratings.csv".into(), etag: "e".into() };
        assert_eq!(trigger.cause, expected);
        assert_eq!(cause(event("Scheduled Event", json!({}))).unwrap(), Cause::Schedule);
        for (told, output) in [
            (json!({"S3OutputPath": "s3://b/models/", "KmsKeyId": ""}), Some("s3://b/models/".to_owned())),
            (json!({}), None),
            (Value::Null, None),
        ] {
            let state = json!({"TrainingJobName": "matinee-1", "CreationTime": "1583831889050", "OutputDataConfig": told});
            let ended = Cause::JobEnded { name: "matinee-1".into(), output };
            assert_eq!(cause(event("SageMaker Training Job State Change", state)).unwrap(), ended);
        }
        let request = JobRequest { spot: Some(false), ..JobRequest::default() };
        assert_eq!(cause(json!({"spot": false})).unwrap(), Cause::Hand(request));
        assert_eq!(cause(Value::Null).unwrap(), Cause::Hand(JobRequest::default()));
    }

    #[test]
    fn a_wrong_event_is_an_error_that_names_the_field() {
        let wrong_key = json!({"bucket": {"name": "b"}, "object": {"key": "models/x"}});
        for (wrong, named) in [
            (json!({"hyperparameters": {"n_factors": 8}}), "hyperparameters.n_factors"),
            (json!({"max_seconds": "long"}), "max_seconds"),
            (json!({"instance": "ml.m5.large"}), "instance"),
            (json!([1]), "a request by hand"),
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
        fn any_event_is_read_or_refused(
            kind in prop::sample::select(vec!["Object Created", "Scheduled Event", "SageMaker Training Job State Change", "?"]),
            time in prop_oneof![Just("2026-11-22T10:00:00Z".to_owned()), ".{0,20}"],
            key in prop_oneof!["data/.{0,8}", ".{0,8}"],
        ) {
            let detail = json!({
                "bucket": {"name": key}, "object": {"key": key}, "TrainingJobName": key, "OutputDataConfig": {"S3OutputPath": key},
            });
            let mut event = event(kind, detail);
            event["time"] = json!(time);
            match cause(event) {
                Ok(Cause::Upload { key, .. }) => prop_assert!(key.starts_with(DATA_PREFIX)),
                Ok(_) => {}
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
