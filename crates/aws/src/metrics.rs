//! Metrics as log lines in CloudWatch's embedded metric format, which needs no API call.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//! The same line is the log entry of the event. The names of all metrics are here; the dashboard and the alarms
//! of `template.yaml` use them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Matinee";
/// The only dimension: the name of the function's stack.
pub const DIMENSION: &str = "Stack";
/// How many values of one metric a line may contain.
pub const MAX_VALUES: usize = 100;

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A training job was started.
    TrainingStarted,
    /// A training job ended without writing a model.
    TrainingFailed,
    /// A model went live.
    ModelPublished,
    /// A model was refused by its checks or by the gate.
    ModelRefused,
    /// Hours since the live model was trained.
    ModelAgeHours,
    /// The RMSE of the live model on its hold-out.
    ModelRmse,
    /// The NDCG@10 of the live model.
    ModelNdcg,
    /// The RMSE of the live model on ratings that came in since it was trained.
    LiveRmse,
    /// How many ratings the live model was trained on.
    ModelRatings,
    /// How long a model took to load while requests waited for it; in the endpoint mode, the titles.
    ModelLoadMs,
    /// A model failed to load: the first one, or one that was to replace the live one.
    ModelLoadFailures,
    /// A model replaced another while requests were answered.
    ModelSwaps,
    /// How long the router took for a request. Each request has a value, so the sample count is the number of requests.
    LatencyMs,
    /// Requests for users whom the model does not know.
    UnknownUsers,
    /// Movies in requests that the model does not know.
    UnknownMovies,
    /// Answers from averages or by popularity, for lack of anything better.
    Fallbacks,
    /// Requests that the endpoint failed to answer.
    EndpointErrors,
    /// Look-ups of live ratings that failed, so that the model answered alone, and ratings that could not be kept.
    LiveRatingsUnavailable,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::TrainingStarted,
        Self::TrainingFailed,
        Self::ModelPublished,
        Self::ModelRefused,
        Self::ModelAgeHours,
        Self::ModelRmse,
        Self::ModelNdcg,
        Self::LiveRmse,
        Self::ModelRatings,
        Self::ModelLoadMs,
        Self::ModelLoadFailures,
        Self::ModelSwaps,
        Self::LatencyMs,
        Self::UnknownUsers,
        Self::UnknownMovies,
        Self::Fallbacks,
        Self::EndpointErrors,
        Self::LiveRatingsUnavailable,
    ];

    /// The name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrainingStarted => "TrainingStarted",
            Self::TrainingFailed => "TrainingFailed",
            Self::ModelPublished => "ModelPublished",
            Self::ModelRefused => "ModelRefused",
            Self::ModelAgeHours => "ModelAgeHours",
            Self::ModelRmse => "ModelRmse",
            Self::ModelNdcg => "ModelNdcg",
            Self::LiveRmse => "LiveRmse",
            Self::ModelRatings => "ModelRatings",
            Self::ModelLoadMs => "ModelLoadMs",
            Self::ModelLoadFailures => "ModelLoadFailures",
            Self::ModelSwaps => "ModelSwaps",
            Self::LatencyMs => "LatencyMs",
            Self::UnknownUsers => "UnknownUsers",
            Self::UnknownMovies => "UnknownMovies",
            Self::Fallbacks => "Fallbacks",
            Self::EndpointErrors => "EndpointErrors",
            Self::LiveRatingsUnavailable => "LiveRatingsUnavailable",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            // CloudWatch has no unit for hours or stars.
            Self::ModelAgeHours | Self::ModelRmse | Self::ModelNdcg | Self::LiveRmse => "None",
            Self::ModelLoadMs | Self::LatencyMs => "Milliseconds",
            _ => "Count",
        }
    }

    /// The log line with a value of this metric, a message and further properties.
    pub fn line(self, stack: &str, value: f64, message: &str, properties: &Value) -> String {
        line(stack, &[(self, json!(value))], message, properties)
    }
}

/// The log line with these metrics, a message and further properties. The value of a metric is a number, or a list of up
/// to [`MAX_VALUES`] numbers.
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
        // A property does not replace a member of the format.
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
    fn a_line_has_the_metric_the_message_and_the_properties() {
        let properties = json!({"job": "matinee-1", "message": "not this one"});
        let line = Metric::ModelRefused.line("matinee", 1.0, "worse", &properties);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "ModelRefused");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Stack"]]));
        assert_eq!((&line["ModelRefused"], &line["Stack"]), (&json!(1.0), &json!("matinee")));
        assert_eq!((&line["message"], &line["job"]), (&json!("worse"), &json!("matinee-1")));
        assert_eq!(line["level"], "ERROR");
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_600_000_000_000);
    }
}
