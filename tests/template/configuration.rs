//! `docs/configuration.md` and the stack agree. Other tests, beside the code, check that it reads exactly these variables.

use std::collections::BTreeMap;

use matinee_tests::{documented, events_folder, stack};
use serde_json::Value;

use crate::properties;

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn every_parameter_is_documented_with_its_default() {
    let stack = stack(&[]);
    let parameters: BTreeMap<String, String> = stack["Parameters"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, parameter)| {
            assert!(parameter["Description"].as_str().is_some_and(|text| text.len() > 10), "{name:?}");
            let default = match &parameter["Default"] {
                Value::String(text) if text.is_empty() => "empty".to_owned(),
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                other => panic!("{name:?} has the default {other:?}"),
            };
            (name.clone(), default)
        })
        .collect();
    assert_eq!(documented("Parameters of the stack"), parameters);
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn every_parameter_is_in_a_group() {
    let stack = stack(&[]);
    let groups = &stack["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let mut grouped: Vec<&str> = groups
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    grouped.sort_unstable();
    let mut names: Vec<&str> = stack["Parameters"].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(grouped, names);
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_stack_sets_just_the_variables_that_are_documented() {
    let shared = "Variables of `start-training` and `publish-model`";
    let stack = stack(&[]);
    for (function, sections) in [
        ("PredictFunction", &["Variables of `predict`"][..]),
        ("StartTrainingFunction", &[shared, "Variables of `start-training`"]),
        ("PublishModelFunction", &[shared, "Variables of `publish-model`"]),
    ] {
        let variables = &properties(&stack, function)["Environment"]["Variables"];
        let set: Vec<&str> = {
            let names = variables.as_object().unwrap().keys().map(String::as_str);
            // Its purpose is to publish versions: no function reads it.
            let mut names: Vec<&str> = names.filter(|name| *name != "STACK_PARAMETERS").collect();
            names.sort_unstable();
            names
        };
        let documented: BTreeMap<String, String> =
            sections.iter().flat_map(|section| documented(section)).collect();
        let ours: Vec<&str> =
            documented.keys().map(String::as_str).filter(|name| !name.starts_with("AWS_")).collect();
        assert_eq!(set, ours, "{function}");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_command_line_takes_over_what_the_functions_have() {
    let stack = stack(&[]);
    let output = stack["Outputs"]["CommandLine"]["Value"].as_str().unwrap();
    let page = std::fs::read_to_string(events_folder().with_file_name("docs/configuration.md")).unwrap();
    for word in output.split_whitespace().filter(|word| word.starts_with("MATINEE_")) {
        let name = word.split('=').next().unwrap();
        assert!(page.contains(&format!("`{name}`")), "{name} is not documented");
    }
    let sets = |name: &str| output.contains(&format!("MATINEE_{name}="));
    for name in
        documented("Variables of `start-training`").keys().filter(|name| name.starts_with("TRAINING_"))
    {
        let known_as = ["TRAINING_IMAGE", "TRAINING_ROLE_ARN"].contains(&name.as_str());
        assert!(known_as || sets(name), "{name}");
    }
    for name in documented("Variables of `publish-model`").keys().filter(|name| name.starts_with("GATE_")) {
        assert!(sets(name), "{name}");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_metric_definitions_are_those_that_the_container_prints() {
    let stack = stack(&[]);
    let variables = &properties(&stack, "StartTrainingFunction")["Environment"]["Variables"];
    let given = variables["METRIC_DEFINITIONS"].as_str().unwrap();
    assert_eq!(stack["Outputs"]["MetricDefinitions"]["Value"], given);
    let output = std::process::Command::new(matinee_tests::binary("matinee"))
        .args(["sagemaker", "metric-definitions"])
        .output()
        .unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(serde_json::from_str::<Value>(given).unwrap(), printed);
}
