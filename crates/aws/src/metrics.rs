//! Metrics as log lines: CloudWatch's embedded metric format, which costs no call.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//! The line is also the log line that tells what happened. Every metric has its name here; the dashboard and the
//! alarms of `template.yaml` use these.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Matinee";
/// The only dimension: the stack that the function belongs to.
pub const DIMENSION: &str = "Stack";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A training job was started.
    TrainingStarted,
    /// A training job ended without a model.
    TrainingFailed,
    /// A model went live.
    ModelPublished,
    /// A model was refused by its checks or by the gate.
    ModelRefused,
    /// Hours since the model that answers was trained, told when it is loaded.
    ModelAgeHours,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::TrainingStarted,
        Self::TrainingFailed,
        Self::ModelPublished,
        Self::ModelRefused,
        Self::ModelAgeHours,
    ];

    /// The name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrainingStarted => "TrainingStarted",
            Self::TrainingFailed => "TrainingFailed",
            Self::ModelPublished => "ModelPublished",
            Self::ModelRefused => "ModelRefused",
            Self::ModelAgeHours => "ModelAgeHours",
        }
    }

    /// The line that tells a value of this metric, with `message` and what else there is to say.
    pub fn line(self, stack: &str, value: f64, message: &str, properties: &Value) -> String {
        let unit = if self == Self::ModelAgeHours { "None" } else { "Count" };
        let mut line = json!({
            "_aws": {
                "Timestamp": SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [[DIMENSION]],
                    "Metrics": [{"Name": self.name(), "Unit": unit}],
                }],
            },
            "level": if matches!(self, Self::TrainingFailed | Self::ModelRefused) { "ERROR" } else { "INFO" },
            "message": message,
            DIMENSION: stack,
            self.name(): value,
        });
        if let (Value::Object(line), Value::Object(properties)) = (&mut line, properties) {
            // The format's own members come first.
            for (name, value) in properties {
                line.entry(name).or_insert_with(|| value.clone());
            }
        }
        line.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_metric_and_says_why() {
        let why = json!({"job": "matinee-1", "message": "not this one"});
        let line = Metric::ModelRefused.line("matinee", 1.0, "worse", &why);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "ModelRefused");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Stack"]]));
        assert_eq!((&line["ModelRefused"], &line["Stack"]), (&json!(1.0), &json!("matinee")));
        assert_eq!((&line["message"], &line["job"]), (&json!("worse"), &json!("matinee-1")));
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_600_000_000_000);
    }
}
