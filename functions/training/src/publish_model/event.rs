//! The events that the function is sent: the end of a training job, or an action by hand.

use anyhow::{Context, Result};
use matinee_jobs::{JobStateChange, RUN_STATE_CHANGE, RunStateChange, read_event};
use serde::Deserialize;
use serde_json::Value;

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Task {
    /// A training job ended. It wrote its model to `output`, if the event has that.
    JobEnded { name: String, status: String, output: Option<String> },
    /// A run on Spark ended. The event does not say the name of its job.
    RunEnded { application: String, run: String },
    /// Somebody asked for this action.
    Action(Action),
}

/// What can be asked for by hand.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Make the artifact at `uri` live. `force` bypasses the gate.
    Publish {
        uri: String,
        #[serde(default)]
        force: bool,
    },
    /// Go back to `version`, or to the previous model.
    Rollback {
        #[serde(default)]
        version: Option<String>,
    },
    /// List the live model and those before it.
    List {},
}

#[derive(Deserialize)]
struct StateChange<D> {
    detail: D,
}

impl Task {
    /// Reads an event; the error names the field that is wrong.
    pub fn parse(event: Value) -> Result<Self> {
        if event.get("detail-type").is_some_and(|kind| kind == RUN_STATE_CHANGE) {
            let change: StateChange<RunStateChange> =
                read_event(event).context("the event is not the state change of a run on Spark")?;
            let RunStateChange { application_id: application, job_run_id: run, .. } = change.detail;
            return Ok(Self::RunEnded { application, run });
        }
        if event.get("detail-type").is_some() {
            let change: StateChange<JobStateChange> =
                read_event(event).context("the event is not the state change of a training job")?;
            let JobStateChange { name, status, output } = change.detail;
            return Ok(Self::JobEnded { name, status, output });
        }
        let example = r#"{"action":"publish","uri":"s3://BUCKET/models/JOB/output/model/"}"#;
        read_event(event)
            .map(Self::Action)
            .with_context(|| format!("the event is not an action such as {example}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn jobs_and_actions_are_recognised() {
        for (config, output) in
            [(json!({"S3OutputPath": "s3://b/models/"}), Some("s3://b/models/")), (Value::Null, None)]
        {
            let detail = json!({
                "TrainingJobName": "matinee-1", "TrainingJobStatus": "Completed", "OutputDataConfig": config, "More": 1
            });
            let ended = json!({"detail-type": "SageMaker Training Job State Change", "detail": detail});
            let (name, status, output) = ("matinee-1".into(), "Completed".into(), output.map(str::to_owned));
            assert_eq!(Task::parse(ended).unwrap(), Task::JobEnded { name, status, output });
        }
        let detail = json!({
            "jobRunId": "00f1cbn5g4bb0c01", "applicationId": "00f1982r1uukb925", "state": "SUCCESS", "previousState": "RUNNING"
        });
        let ended = json!({"detail-type": "EMR Serverless Job Run State Change", "detail": detail});
        let (application, run) = ("00f1982r1uukb925".to_owned(), "00f1cbn5g4bb0c01".to_owned());
        assert_eq!(Task::parse(ended).unwrap(), Task::RunEnded { application, run });
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
            (json!({"detail-type": RUN_STATE_CHANGE, "detail": {"applicationId": "a"}}), "jobRunId"),
        ] {
            let error = format!("{:#}", Task::parse(event).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_event_is_read_as_it_is_or_refused(name in "[a-z]{1,10}", text in ".{0,12}", force: bool) {
            for (event, expected) in [
                (
                    json!({"action": "publish", "uri": text, "force": force}),
                    Some(Task::Action(Action::Publish { uri: text.clone(), force })),
                ),
                (
                    json!({"action": "rollback", "version": text}),
                    Some(Task::Action(Action::Rollback { version: Some(text.clone()) })),
                ),
                (json!({"action": "list", "version": text}), None),
                (json!({"action": format!("no {text}")}), None),
                (json!({"action": "publish", (name.as_str()): 1}), None),
                (json!({"detail-type": text, "detail": {"TrainingJobStatus": text}}), None),
                (
                    json!({"detail-type": text, "detail": {(name.as_str()): text, "TrainingJobName": text}}),
                    Some(Task::JobEnded { name: text.clone(), status: String::new(), output: None }),
                ),
                (json!([text]), None),
            ] {
                match (Task::parse(event.clone()), expected) {
                    (Ok(task), Some(expected)) => prop_assert_eq!(task, expected),
                    (Err(error), None) => {
                        prop_assert!(error.to_string().starts_with("the event is not "), "{:#}", error);
                    }
                    (read, expected) => prop_assert!(false, "{}: {:?} instead of {:?}", event, read, expected),
                }
            }
        }
    }
}
