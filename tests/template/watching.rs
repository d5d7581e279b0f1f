//! The dashboard and the alarms of the stack use exactly the metrics that the code writes.

use std::collections::BTreeSet;

use matinee_aws::metrics::{DIMENSION, Metric, NAMESPACE};
use matinee_tests::stack;
use serde_json::Value;

use crate::{of_type, properties, referred};

const TYPES: [&str; 3] = ["rest-api", "http-api", "function-url"];

fn watched(api_type: &str) -> Value {
    stack(&[("ApiType", api_type), ("Alarms", "true"), ("Dashboard", "true")])
}

fn written() -> BTreeSet<String> {
    Metric::ALL.iter().map(|metric| metric.name().to_owned()).collect()
}

/// Namespace, name, and names of the dimensions of every metric that the dashboard shows. `.` stands for the value in
/// the same place of the metric above, and `...` for all of its values.
fn on_the_dashboard(stack: &Value) -> Vec<Vec<String>> {
    let body = properties(stack, "DashboardBoard")["DashboardBody"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let mut found = Vec::new();
    for metrics in widgets.iter().filter_map(|widget| widget["properties"]["metrics"].as_array()) {
        let mut above: Vec<String> = Vec::new();
        for metric in metrics {
            let texts: Vec<&str> = metric.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            if texts != ["..."] {
                let part = |(place, text): (usize, &&str)| match *text {
                    "." => above[place].clone(),
                    text => text.to_owned(),
                };
                above = texts.iter().enumerate().map(part).collect();
            }
            found.push(above.clone());
        }
    }
    found
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_dashboard_shows_just_what_the_code_writes() {
    for api_type in TYPES {
        let shown = on_the_dashboard(&watched(api_type));
        let ours: Vec<&Vec<String>> = shown.iter().filter(|metric| metric[0] == NAMESPACE).collect();
        for metric in &ours {
            assert_eq!((metric.len(), metric[2].as_str()), (4, DIMENSION), "{metric:?}");
            assert_eq!(metric[3], "matinee", "{metric:?}");
        }
        let ours: BTreeSet<String> = ours.into_iter().map(|metric| metric[1].clone()).collect();
        assert_eq!(ours, written());
    }
}

/// The metrics that count the requests of each type of API: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html>
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn each_type_of_api_is_watched_by_its_own_metrics() {
    for (api_type, namespace, dimension, errors, latency) in [
        ("rest-api", "AWS/ApiGateway", "ApiName", "5XXError", "Latency"),
        ("http-api", "AWS/ApiGateway", "ApiId", "5xx", "Latency"),
        ("function-url", "AWS/Lambda", "FunctionName", "Url5xxCount", "UrlRequestLatency"),
    ] {
        let stack = watched(api_type);
        let shown = on_the_dashboard(&stack);
        for (alarm, metric) in [("ServerErrorAlarm", errors), ("LatencyAlarm", latency)] {
            let alarm = properties(&stack, alarm);
            assert_eq!((&alarm["Namespace"], &alarm["MetricName"]), (&namespace.into(), &metric.into()));
            assert_eq!(alarm["Dimensions"][0]["Name"], dimension);
            let is_shown = |shown: &Vec<String>| shown[..3] == [namespace, metric, dimension];
            assert!(shown.iter().any(is_shown), "{api_type} shows no {metric}");
        }
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_alarms_watch_what_the_code_writes() {
    let stack = watched("rest-api");
    let mut found = BTreeSet::new();
    for (name, properties) in of_type(&stack, "AWS::CloudWatch::Alarm") {
        let in_parts = properties["Metrics"].as_array().into_iter().flatten();
        let parts = in_parts.map(|part| &part["MetricStat"]["Metric"]).chain([properties]);
        for metric in parts.filter(|metric| metric["Namespace"] == NAMESPACE) {
            assert_eq!(metric["Dimensions"][0]["Name"], DIMENSION, "{name}");
            found.insert(metric["MetricName"].as_str().unwrap().to_owned());
        }
    }
    let written = written();
    assert!(found.is_subset(&written), "{found:?}");
    let expected = ["ModelAgeHours", "ModelLoadFailures", "ModelRefused", "TrainingFailed"];
    assert_eq!(found, expected.map(str::to_owned).into());
}

/// Step Functions calls the function synchronously, so a failure is a failure of the execution.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn an_upload_that_starts_no_training_sounds_an_alarm() {
    let stack = watched("rest-api");
    let alarm = properties(&stack, "FailedUploadAlarm");
    assert_eq!(
        (&alarm["Namespace"], &alarm["MetricName"]),
        (&"AWS/States".into(), &"ExecutionsFailed".into())
    );
    assert_eq!(referred(&alarm["Dimensions"][0]["Value"]), "UploadQuiet");
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn every_function_logs_into_a_group_of_its_own_in_json() {
    let stack = stack(&[]);
    let mut groups = BTreeSet::new();
    for (name, function) in of_type(&stack, "AWS::Lambda::Function") {
        let logging = &function["LoggingConfig"];
        assert_eq!(logging["LogFormat"], "JSON", "{name}");
        assert!(groups.insert(referred(&logging["LogGroup"])), "{name} shares its group");
    }
    assert_eq!(groups.len(), 3);
}
