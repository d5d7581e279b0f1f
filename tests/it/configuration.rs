//! `docs/configuration.md` and `template.yaml` say the same. That the code reads just these variables is tested beside it.

use std::collections::BTreeMap;

use matinee_tests::{documented, events_folder};
use serde_yaml_ng::Value;

fn template() -> Value {
    let text = std::fs::read_to_string(events_folder().with_file_name("template.yaml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

#[test]
fn every_parameter_is_documented_with_its_default() {
    let template = template();
    let parameters: BTreeMap<String, String> = template["Parameters"]
        .as_mapping()
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
            (name.as_str().unwrap().to_owned(), default)
        })
        .collect();
    assert_eq!(documented("Parameters of the stack"), parameters);
}

#[test]
fn every_parameter_is_in_a_group() {
    let template = template();
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let mut grouped: Vec<&str> = groups
        .as_sequence()
        .unwrap()
        .iter()
        .flat_map(|group| group["Parameters"].as_sequence().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    grouped.sort_unstable();
    let mut names: Vec<&str> =
        template["Parameters"].as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(grouped, names);
}

#[test]
fn the_stack_sets_just_the_variables_that_are_documented() {
    let template = template();
    for (function, section) in [
        ("PredictFunction", "Variables of `predict`"),
        ("StartTrainingFunction", "Variables of `start-training`"),
        ("PublishModelFunction", "Variables of `publish-model`"),
    ] {
        let variables = &template["Resources"][function]["Properties"]["Environment"]["Variables"];
        let set: Vec<&str> = {
            let mut names: Vec<&str> =
                variables.as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()).collect();
            names.sort_unstable();
            names
        };
        let documented = documented(section);
        let ours: Vec<&str> =
            documented.keys().map(String::as_str).filter(|name| !name.starts_with("AWS_")).collect();
        assert_eq!(set, ours, "{function}");
    }
}

#[test]
fn the_command_line_takes_over_what_the_functions_have() {
    let template = template();
    let Value::Tagged(output) = &template["Outputs"]["CommandLine"]["Value"] else { panic!("no !Sub") };
    let output = output.value[0].as_str().unwrap();
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
fn the_metric_definitions_are_those_that_the_container_prints() {
    let template = template();
    let mapped = template["Mappings"]["Training"]["Metrics"]["Definitions"].as_str().unwrap();
    let output = std::process::Command::new(matinee_tests::binary("matinee"))
        .args(["sagemaker", "metric-definitions"])
        .output()
        .unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(mapped).unwrap(), printed);
}
