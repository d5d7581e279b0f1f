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
/// How many values of one metric a line may have.
pub const MAX_VALUES: usize = 100;

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
    /// Hours since the live model was trained.
    ModelAgeHours,
    /// How long a model, or the titles of the endpoint mode, took to load while requests waited for it.
    ModelLoadMs,
    /// A load that failed: of the first model, or of one that was to replace it.
    ModelLoadFailures,
    /// A model that replaced another while requests were answered.
    ModelSwaps,
    /// How long the router took for a request. There is a value a request, so their count is that of the requests.
    LatencyMs,
    /// Predictions for, and questions about, users whom the model does not know.
    UnknownUsers,
    /// Movies asked for or rated that the model does not know.
    UnknownMovies,
    /// Answers from averages or by popularity.
    Fallbacks,
    /// Answers that the endpoint should have given and did not.
    EndpointErrors,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::TrainingStarted,
        Self::TrainingFailed,
        Self::ModelPublished,
        Self::ModelRefused,
        Self::ModelAgeHours,
        Self::ModelLoadMs,
        Self::ModelLoadFailures,
        Self::ModelSwaps,
        Self::LatencyMs,
        Self::UnknownUsers,
        Self::UnknownMovies,
        Self::Fallbacks,
        Self::EndpointErrors,
    ];

    /// The name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrainingStarted => "TrainingStarted",
            Self::TrainingFailed => "TrainingFailed",
            Self::ModelPublished => "ModelPublished",
            Self::ModelRefused => "ModelRefused",
            Self::ModelAgeHours => "ModelAgeHours",
            Self::ModelLoadMs => "ModelLoadMs",
            Self::ModelLoadFailures => "ModelLoadFailures",
            Self::ModelSwaps => "ModelSwaps",
            Self::LatencyMs => "LatencyMs",
            Self::UnknownUsers => "UnknownUsers",
            Self::UnknownMovies => "UnknownMovies",
            Self::Fallbacks => "Fallbacks",
            Self::EndpointErrors => "EndpointErrors",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            // CloudWatch knows no hours.
            Self::ModelAgeHours => "None",
            Self::ModelLoadMs | Self::LatencyMs => "Milliseconds",
            _ => "Count",
        }
    }

    /// The line that tells a value of this metric, with `message` and what else there is to say.
    pub fn line(self, stack: &str, value: f64, message: &str, properties: &Value) -> String {
        line(stack, &[(self, json!(value))], message, properties)
    }
}

/// The line that tells these metrics, each a number or up to [`MAX_VALUES`] of them, with `message` and what else
/// there is to say.
pub fn line(stack: &str, metrics: &[(Metric, Value)], message: &str, properties: &Value) -> String {
    let is_failure = |(metric, _): &(Metric, Value)| {
        matches!(metric, Metric::TrainingFailed | Metric::ModelRefused | Metric::ModelLoadFailures)
    };
    let definitions: Vec<Value> =
        metrics.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[DIMENSION]],
                "Metrics": definitions,
            }],
        },
        "level": if metrics.iter().any(is_failure) { "ERROR" } else { "INFO" },
        "message": message,
        DIMENSION: stack,
    });
    if let Value::Object(line) = &mut line {
        line.extend(metrics.iter().map(|(metric, value)| (metric.name().to_owned(), value.clone())));
        // The format's own members come first.
        for (name, value) in properties.as_object().into_iter().flatten() {
            line.entry(name).or_insert_with(|| value.clone());
        }
    }
    line.to_string()
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
        assert_eq!(line["level"], "ERROR");
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_600_000_000_000);
    }
}
