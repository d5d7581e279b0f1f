//! A changed parameter takes effect: SAM creates another version of the function, or another deployment of the API.

use std::collections::BTreeSet;

use matinee_tests::stack;
use serde_json::Value;

use crate::{of_type, properties};

/// A value other than the default for each parameter that the predict function depends on.
const OF_THE_FUNCTION: [(&str, &str); 14] = [
    ("Administrators", "staff"),
    ("Architecture", "arm64"),
    ("Authorization", "api-key"),
    ("CorsOrigins", "https://example.com"),
    ("CreateEndpoint", "true"),
    ("LiveRatings", "true"),
    ("LiveRatingsCacheSeconds", "60"),
    ("LiveRatingsTimeoutMs", "500"),
    ("LogSample", "0.5"),
    ("MemorySize", "512"),
    ("ModelRefreshSeconds", "5"),
    ("ModelUri", "/opt/model"),
    ("SignInPage", "https://movies.example/login?client_id=1a2b"),
    ("Tracing", "true"),
];

/// The only resource of a type.
fn only(stack: &Value, wanted: &str) -> String {
    let found: Vec<&str> = of_type(stack, wanted).map(|(name, _)| name).collect();
    let [name] = found.as_slice() else { panic!("{wanted}: {found:?}") };
    (*name).to_owned()
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn each_parameter_of_the_function_publishes_a_version() {
    let mut versions = BTreeSet::from([only(&stack(&[]), "AWS::Lambda::Version")]);
    for (name, value) in OF_THE_FUNCTION {
        let version = |set: &[(&str, &str)]| only(&stack(set), "AWS::Lambda::Version");
        let needed = match name {
            "CreateEndpoint" => Some(("ModelUri", "s3://bucket/models/")),
            "LiveRatings" => Some(("Authorization", "iam")),
            _ => None,
        };
        // What the parameter needs is a separate change.
        versions.extend(needed.map(|needed| version(&[needed])));
        let set: Vec<(&str, &str)> = needed.into_iter().chain([(name, value)]).collect();
        assert!(versions.insert(version(&set)), "{name} publishes no version of its own");
    }
}

/// The properties of the function that a parameter changes are among those that publish a version.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn no_other_parameter_changes_the_function() {
    let plain = stack(&[]);
    let known: BTreeSet<&str> = OF_THE_FUNCTION.iter().map(|(name, _)| *name).collect();
    let parameters = plain["Parameters"].as_object().unwrap();
    let others = parameters.keys().filter(|name| !known.contains(name.as_str()));
    let changed: Vec<(&str, String)> =
        others.map(|name| (name.as_str(), other_value(name, &parameters[name]))).collect();
    // Parameters that a rule connects are changed one by one, the others at once.
    let (bound, free): (Vec<_>, Vec<_>) =
        changed.iter().partition(|(name, _)| ["ApiType", "Deployment"].contains(name));
    let free: Vec<(&str, &str)> = free.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let single = bound.iter().map(|(name, value)| {
        let mut set = vec![(*name, value.as_str())];
        set.extend((*name == "Deployment").then_some(("Alarms", "true")));
        set
    });
    for set in single.chain([free]) {
        assert_eq!(
            properties(&stack(&set), "PredictFunction"),
            properties(&plain, "PredictFunction"),
            "{set:?}"
        );
    }
}

/// Another valid value of the parameter.
fn other_value(name: &str, parameter: &Value) -> String {
    if name == "ImageUri" {
        return "123456789012.dkr.ecr.us-east-1.amazonaws.com/other:1".to_owned();
    }
    let default = match &parameter["Default"] {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    if let Some(allowed) = parameter["AllowedValues"].as_array() {
        let mut texts =
            allowed.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        return texts.rfind(|value| *value != default).unwrap();
    }
    if parameter["Type"] == "Number" {
        return if parameter["MaxValue"] == 1 {
            "0.25".to_owned()
        } else {
            (default.parse::<f64>().unwrap() + 1.0).to_string()
        };
    }
    format!("{default}x")
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn each_parameter_of_the_api_makes_a_deployment() {
    let mut deployments = BTreeSet::new();
    for set in [
        vec![],
        vec![("Authorization", "api-key")],
        vec![("Authorization", "iam")],
        vec![
            ("Authorization", "cognito"),
            ("UserPoolArn", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A"),
        ],
        vec![
            ("Authorization", "cognito"),
            ("UserPoolArn", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_B"),
        ],
        vec![("CorsOrigins", "https://a.com")],
    ] {
        let deployment = only(&stack(&set), "AWS::ApiGateway::Deployment");
        assert!(deployments.insert(deployment), "{set:?} makes no deployment of its own");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn alarms_are_a_list_whether_there_are_any_or_not() {
    let rollback = |set: &[(&str, &str)]| {
        let stack = stack(set);
        properties(&stack, "PredictFunctionDeploymentGroup")["AlarmConfiguration"]["Alarms"].clone()
    };
    assert_eq!(rollback(&[]), Value::Null);
    let canary = [("Alarms", "true"), ("Deployment", "Canary10Percent5Minutes")];
    assert_eq!(rollback(&canary).as_array().unwrap().len(), 3);
}
