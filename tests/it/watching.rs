//! The dashboard and the alarms of `template.yaml` read the metrics that the code writes: all of them, and no others.

use std::collections::BTreeSet;

use matinee_aws::metrics::{DIMENSION, Metric, NAMESPACE};
use matinee_tests::events_folder;
use serde_json::Value as Json;
use serde_yaml_ng::Value;

fn resources() -> Value {
    let text = std::fs::read_to_string(events_folder().with_file_name("template.yaml")).unwrap();
    serde_yaml_ng::from_str::<Value>(&text).unwrap()["Resources"].clone()
}

fn written() -> BTreeSet<String> {
    Metric::ALL.iter().map(|metric| metric.name().to_owned()).collect()
}

/// Namespace, name, and the names of the dimensions of every metric that the dashboard shows. `.` stands for what the
/// metric above has in its place, and `...` for all of it.
fn on_the_dashboard() -> Vec<Vec<String>> {
    let resources = resources();
    let Value::Tagged(body) = &resources["DashboardBoard"]["Properties"]["DashboardBody"] else {
        panic!("the body is a !Sub");
    };
    let body: Json = serde_json::from_str(body.value.as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let mut found = Vec::new();
    for metrics in widgets.iter().filter_map(|widget| widget["properties"]["metrics"].as_array()) {
        let mut above: Vec<String> = Vec::new();
        for metric in metrics {
            let texts: Vec<&str> = metric.as_array().unwrap().iter().filter_map(Json::as_str).collect();
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
fn the_dashboard_shows_just_what_the_code_writes() {
    let ours: Vec<Vec<String>> =
        on_the_dashboard().into_iter().filter(|metric| metric[0] == NAMESPACE).collect();
    for metric in &ours {
        assert_eq!((metric.len(), metric[2].as_str()), (4, DIMENSION), "{metric:?}");
        assert_eq!(metric[3], "${AWS::StackName}", "{metric:?}");
    }
    let shown: BTreeSet<String> = ours.into_iter().map(|metric| metric[1].clone()).collect();
    assert_eq!(shown, written());
}

#[test]
fn the_alarms_watch_what_the_code_writes() {
    let mut watched = BTreeSet::new();
    for (name, resource) in resources().as_mapping().unwrap() {
        let properties = &resource["Properties"];
        let in_parts = properties["Metrics"].as_sequence().into_iter().flatten();
        let parts = in_parts.map(|part| &part["MetricStat"]["Metric"]).chain([properties]);
        for metric in parts.filter(|metric| metric["Namespace"].as_str() == Some(NAMESPACE)) {
            assert_eq!(metric["Dimensions"][0]["Name"].as_str(), Some(DIMENSION), "{name:?}");
            watched.insert(metric["MetricName"].as_str().unwrap().to_owned());
        }
    }
    let written = written();
    assert!(watched.is_subset(&written), "{watched:?}");
    let expected = ["ModelAgeHours", "ModelLoadFailures", "ModelRefused", "TrainingFailed"];
    assert_eq!(watched, expected.map(str::to_owned).into());
}

#[test]
fn every_function_logs_into_a_group_of_its_own_in_json() {
    let text = std::fs::read_to_string(events_folder().with_file_name("template.yaml")).unwrap();
    let template: Value = serde_yaml_ng::from_str(&text).unwrap();
    assert_eq!(template["Globals"]["Function"]["LoggingConfig"]["LogFormat"].as_str(), Some("JSON"));
    let functions = resources();
    let functions = functions
        .as_mapping()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"].as_str() == Some("AWS::Serverless::Function"));
    let groups: Vec<String> = functions
        .map(|(_, function)| format!("{:?}", function["Properties"]["LoggingConfig"]["LogGroup"]))
        .collect();
    assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), 3, "{groups:?}");
}
