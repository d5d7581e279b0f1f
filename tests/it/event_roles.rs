//! The roles under which AWS itself acts allow just what the stack asks of them: nobody can make these calls here.

use matinee_tests::events_folder;
use serde_yaml_ng::Value;

fn resources() -> Value {
    let text = std::fs::read_to_string(events_folder().with_file_name("template.yaml")).unwrap();
    serde_yaml_ng::from_str::<Value>(&text).unwrap()["Resources"].clone()
}

/// Action and resource of the only statement of a role.
fn allowed(role: &Value) -> (String, String) {
    let policies = role["Properties"]["Policies"].as_sequence().unwrap();
    let [policy] = policies.as_slice() else { panic!("{policies:?}") };
    let statements = policy["PolicyDocument"]["Statement"].as_sequence().unwrap();
    let [statement] = statements.as_slice() else { panic!("{statements:?}") };
    assert_eq!(statement["Effect"].as_str(), Some("Allow"));
    let Value::Tagged(resource) = &statement["Resource"] else { panic!("{statement:?}") };
    (statement["Action"].as_str().unwrap().to_owned(), resource.value.as_str().unwrap().to_owned())
}

fn assumed_by(role: &Value) -> &str {
    role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"].as_str().unwrap()
}

#[test]
fn the_state_machine_may_start_training_and_does() {
    let resources = resources();
    let role = &resources["UploadQuietRole"];
    assert_eq!(assumed_by(role), "states.amazonaws.com");
    let (action, resource) = allowed(role);
    assert_eq!((action.as_str(), resource.as_str()), ("lambda:InvokeFunction", "StartTrainingFunction.Arn"));
    let Value::Tagged(definition) = &resources["UploadQuiet"]["Properties"]["DefinitionString"] else {
        panic!("no definition")
    };
    let definition = definition.value.as_str().unwrap().replace("${UploadQuietSeconds}", "120");
    let definition: serde_json::Value = serde_json::from_str(&definition).unwrap();
    let tasks: Vec<&str> = definition["States"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|state| state["Resource"].as_str())
        .collect();
    assert_eq!(tasks, ["${StartTrainingFunction.Arn}"]);
}

#[test]
fn eventbridge_may_start_the_state_machine_and_does() {
    let resources = resources();
    let role = &resources["UploadRuleRole"];
    assert_eq!(assumed_by(role), "events.amazonaws.com");
    assert_eq!(allowed(role), ("states:StartExecution".to_owned(), "UploadQuiet".to_owned()));
    let targets = resources["UploadRule"]["Properties"]["Targets"].as_sequence().unwrap();
    let [target] = targets.as_slice() else { panic!("{targets:?}") };
    for (field, resource) in [("Arn", "UploadQuiet"), ("RoleArn", "UploadRuleRole.Arn")] {
        let Value::Tagged(value) = &target[field] else { panic!("{target:?}") };
        assert_eq!(value.value.as_str(), Some(resource), "{field}");
    }
}

#[test]
fn a_function_that_a_rule_invokes_permits_just_that_rule() {
    let resources = resources();
    let resources = resources.as_mapping().unwrap();
    let of_type = |wanted: &'static str| {
        resources.iter().filter(move |(_, resource)| resource["Type"].as_str() == Some(wanted))
    };
    let reference = |value: &Value| match value {
        Value::Tagged(tagged) => tagged.value.as_str().unwrap().trim_end_matches(".Arn").to_owned(),
        other => panic!("no reference: {other:?}"),
    };
    let mut permitted: Vec<(String, String)> = of_type("AWS::Lambda::Permission")
        .map(|(_, permission)| &permission["Properties"])
        .filter(|permission| permission["Principal"].as_str() == Some("events.amazonaws.com"))
        .map(|permission| (reference(&permission["SourceArn"]), reference(&permission["FunctionName"])))
        .collect();
    let mut invoked: Vec<(String, String)> = Vec::new();
    for (name, rule) in of_type("AWS::Events::Rule") {
        for target in rule["Properties"]["Targets"].as_sequence().unwrap() {
            let target = match target {
                Value::Tagged(conditional) => &conditional.value[1],
                plain => plain,
            };
            let arn = reference(&target["Arn"]);
            if arn.ends_with("Function") {
                invoked.push((name.as_str().unwrap().to_owned(), arn));
            }
        }
    }
    permitted.sort();
    invoked.sort();
    assert!(!invoked.is_empty());
    assert_eq!(permitted, invoked);
}
