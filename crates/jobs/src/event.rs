//! Events that the functions of the loop are sent.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An event, or a part of one, that does not have the form it must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", if field.is_empty() { String::new() } else { format!("the field `{field}`: ") })]
pub struct EventError {
    /// The path of the field; empty if the whole value is wrong.
    field: String,
    problem: String,
}

/// What `EventBridge` says when the status of a training job changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Detail")]
pub struct JobStateChange {
    /// The job.
    pub name: String,
    /// Its new status, such as `Completed`; empty if the event does not have it.
    pub status: String,
    /// The S3 path under which the job writes its model, if the event has it.
    pub output: Option<String>,
}

/// The kind of the events about runs on Spark, in the field `detail-type`.
pub const RUN_STATE_CHANGE: &str = "EMR Serverless Job Run State Change";

/// What `EventBridge` says when the state of a run on Spark changes. It does not say the name of the job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStateChange {
    /// The application in which it runs.
    pub application_id: String,
    /// The run.
    pub job_run_id: String,
    /// Its new state, such as `SUCCESS`.
    pub state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    training_job_name: String,
    #[serde(default)]
    training_job_status: String,
    output_data_config: Option<OutputDataConfig>,
}

#[derive(Deserialize)]
struct OutputDataConfig {
    #[serde(rename = "S3OutputPath")]
    path: Option<String>,
}

impl From<Detail> for JobStateChange {
    fn from(detail: Detail) -> Self {
        let Detail { training_job_name: name, training_job_status: status, output_data_config } = detail;
        Self { name, status, output: output_data_config.and_then(|output| output.path) }
    }
}

/// Reads a value of this type; the error names the field that is wrong.
pub fn read_event<T: DeserializeOwned>(value: Value) -> Result<T, EventError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { String::new() } else { path };
        EventError { field, problem: error.into_inner().to_string() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_output_of_a_job_is_read_if_the_event_has_it() {
        for (config, output) in [
            (json!({"S3OutputPath": "s3://b/models/", "KmsKeyId": ""}), Some("s3://b/models/".to_owned())),
            (json!({}), None),
            (Value::Null, None),
        ] {
            let detail = json!({
                "TrainingJobName": "matinee-1", "TrainingJobStatus": "Completed", "OutputDataConfig": config, "More": 1
            });
            let expected =
                JobStateChange { name: "matinee-1".to_owned(), status: "Completed".to_owned(), output };
            assert_eq!(read_event(detail), Ok(expected));
        }
    }

    #[test]
    fn the_error_names_the_field() {
        let error = |value| read_event::<JobStateChange>(value).unwrap_err().to_string();
        assert!(error(json!({"OutputDataConfig": {}})).contains("TrainingJobName"));
        let nested = error(json!({"TrainingJobName": "j", "OutputDataConfig": {"S3OutputPath": 1}}));
        assert!(nested.starts_with("the field `OutputDataConfig.S3OutputPath`: invalid type"), "{nested}");
        let whole = error(json!("text"));
        assert!(whole.starts_with("invalid type: string"), "{whole}");
    }

    proptest! {
        #[test]
        fn any_detail_is_read_as_it_is(name in ".{0,12}", status: Option<String>, path: Option<String>) {
            let mut detail = json!({"TrainingJobName": name, "OutputDataConfig": {"S3OutputPath": path}});
            if let Some(status) = &status {
                detail["TrainingJobStatus"] = json!(status);
            }
            let expected = JobStateChange { name, status: status.unwrap_or_default(), output: path };
            prop_assert_eq!(read_event(detail), Ok(expected));
        }
    }
}
