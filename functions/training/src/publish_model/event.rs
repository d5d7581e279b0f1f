//! What is asked of the function: what to do with a job that ended, or an action by hand.

use anyhow::{Context, Result};
use matinee_jobs::{JobStateChange, read_event};
use serde::Deserialize;
use serde_json::Value;

/// What is asked.
#[derive(Debug, PartialEq)]
pub enum Task {
    /// A training job ended, which wrote its model to `output`, where the event tells that.
    JobEnded { name: String, status: String, output: Option<String> },
    /// Somebody asks.
    Action(Action),
}

/// What can be asked by hand.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Make the artifact at `uri` live; with `force` although the gate is against it.
    Publish {
        uri: String,
        #[serde(default)]
        force: bool,
    },
    /// Go back to `version`, or to the model that was live last.
    Rollback {
        #[serde(default)]
        version: Option<String>,
    },
    /// Tell what is live, and what was.
    List {},
}

#[derive(Deserialize)]
struct StateChange {
    detail: JobStateChange,
}

impl Task {
    /// Reads an event; one that is none of those names the field that is wrong.
    pub fn parse(event: Value) -> Result<Self> {
        if event.get("detail-type").is_some() {
            let change: StateChange =
                read_event(event).context("this is no state change of a training job")?;
            let JobStateChange { name, status, output } = change.detail;
            return Ok(Self::JobEnded { name, status, output });
        }
        let example = r#"{"action":"publish","uri":"s3://BUCKET/models/JOB/output/model/"}"#;
        read_event(event).map(Self::Action).with_context(|| format!("this is no action; try {example}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn jobs_and_actions_are_told_apart() {
        for (told, output) in
            [(json!({"S3OutputPath": "s3://b/models/"}), Some("s3://b/models/")), (Value::Null, None)]
        {
            let detail = json!({
                "TrainingJobName": "matinee-1", "TrainingJobStatus": "Completed", "OutputDataConfig": told, "More": 1
            });
            let ended = json!({"detail-type": "SageMaker Training Job State Change", "detail": detail});
            let (name, status, output) = ("matinee-1".into(), "Completed".into(), output.map(str::to_owned));
            assert_eq!(Task::parse(ended).unwrap(), Task::JobEnded { name, status, output });
        }
        for (event, action) in [
            (json!({"action": "list"}), Action::List {}),
            (json!({"action": "rollback"}), Action::Rollback { version: None }),
            (
                json!({"action": "publish", "uri": "s3://b/m/"}),
                Action::Publish { uri: "s3://b/m/".into(), force: false },
            ),
        ] {
            assert_eq!(Task::parse(event).unwrap(), Task::Action(action));
        }
    }

    #[test]
    fn a_wrong_event_is_an_error_that_names_the_field() {
        for (event, named) in [
            (json!({"action": "publish"}), "uri"),
            (json!({"action": "roll"}), "roll"),
            (json!({"action": "rollback", "versio": "1"}), "versio"),
            (json!({}), "action"),
            (json!({"detail-type": "x", "detail": {"TrainingJobName": 1}}), "detail.TrainingJobName"),
        ] {
            let error = format!("{:#}", Task::parse(event).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_event_is_read_or_refused(name in "[a-z]{1,10}", text in ".{0,12}", force: Option<bool>) {
            for action in ["publish", "rollback", "list", text.as_str()] {
                for event in [
                    json!({"action": action, "uri": text, "force": force}),
                    json!({"action": action, (name.as_str()): text}),
                    json!({"detail-type": text, "detail": {(name.as_str()): text, "TrainingJobName": text}}),
                    json!([action]),
                ] {
                    if let Err(error) = Task::parse(event) {
                        prop_assert!(error.to_string().starts_with("this is no"), "{error:#}");
                    }
                }
            }
        }
    }
}
