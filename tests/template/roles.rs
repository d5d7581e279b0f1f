//! The roles that AWS services assume allow what the stack needs, and nothing else.

use matinee_tests::stack;
use serde_json::Value;

use crate::{of_type, properties, referred};

/// Action and resource of each statement of a role.
fn allowed(stack: &Value, role: &str) -> Vec<(String, String)> {
    let policies = properties(stack, role)["Policies"].as_array().unwrap();
    let [policy] = policies.as_slice() else { panic!("{policies:?}") };
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let allowed = statements.iter().map(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        (statement["Action"].as_str().unwrap().to_owned(), referred(&statement["Resource"]).to_owned())
    });
    allowed.collect()
}

fn assumed_by<'s>(stack: &'s Value, role: &str) -> &'s str {
    let policy = &properties(stack, role)["AssumeRolePolicyDocument"];
    policy["Statement"][0]["Principal"]["Service"].as_str().unwrap()
}

fn pair(action: &str, resource: &str) -> (String, String) {
    (action.to_owned(), resource.to_owned())
}

fn upload_quiet(stack: &Value) -> Value {
    serde_json::from_str(properties(stack, "UploadQuiet")["DefinitionString"].as_str().unwrap()).unwrap()
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_state_machine_may_start_training_and_keep_what_fails_and_does() {
    let stack = stack(&[("UploadQuietSeconds", "7")]);
    assert_eq!(assumed_by(&stack, "UploadQuietRole"), "states.amazonaws.com");
    let may = allowed(&stack, "UploadQuietRole");
    assert_eq!(
        may,
        [pair("lambda:InvokeFunction", "StartTrainingFunction"), pair("sqs:SendMessage", "FailedEvents")]
    );
    let definition = upload_quiet(&stack);
    let states = &definition["States"];
    assert_eq!(states["Wait"]["Seconds"], 7);
    let tasks = states.as_object().unwrap().values().filter_map(|state| state["Resource"].as_str());
    let tasks: Vec<&str> = tasks.collect();
    assert_eq!(tasks, ["arn:aws:states:::sqs:sendMessage", "${StartTrainingFunction.Arn}"]);
    assert_eq!(states["Keep"]["Parameters"]["QueueUrl"], "${FailedEvents}");
}

/// Step Functions calls the function synchronously: neither Lambda's retries nor its queue for failures apply.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn an_upload_whose_start_fails_is_kept_with_its_error() {
    let definition = upload_quiet(&stack(&[]));
    let states = &definition["States"];
    let catch = &states["Start"]["Catch"][0];
    assert_eq!(catch["ErrorEquals"][0], "States.ALL");
    assert_eq!(catch["ResultPath"], "$.failure", "the event stays beside the error");
    let keep = &states[catch["Next"].as_str().unwrap()];
    assert_eq!(keep["Parameters"]["MessageBody.$"], "$");
    assert_eq!(states[keep["Next"].as_str().unwrap()]["Type"], "Fail", "the execution counts as failed");
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn eventbridge_may_start_the_state_machine_and_does() {
    let stack = stack(&[]);
    assert_eq!(assumed_by(&stack, "UploadRuleRole"), "events.amazonaws.com");
    assert_eq!(allowed(&stack, "UploadRuleRole"), [pair("states:StartExecution", "UploadQuiet")]);
    let targets = properties(&stack, "UploadRule")["Targets"].as_array().unwrap();
    let [target] = targets.as_slice() else { panic!("{targets:?}") };
    assert_eq!((referred(&target["Arn"]), referred(&target["RoleArn"])), ("UploadQuiet", "UploadRuleRole"));
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn a_function_that_a_rule_invokes_permits_just_that_rule() {
    for set in [
        vec![],
        vec![("TrainOnUpload", "false")],
        vec![("TrainingSchedule", "rate(7 days)")],
        vec![("SparkTraining", "true")],
        vec![("SparkTraining", "true"), ("TrainOnUpload", "false")],
    ] {
        let stack = stack(&set);
        let permissions = of_type(&stack, "AWS::Lambda::Permission").map(|(_, permission)| permission);
        let of_rules = permissions.filter(|permission| permission["Principal"] == "events.amazonaws.com");
        let mut permitted: Vec<(&str, &str)> = of_rules
            .map(|permission| (referred(&permission["SourceArn"]), referred(&permission["FunctionName"])))
            .collect();
        let mut invoked: Vec<(&str, &str)> = Vec::new();
        for (name, rule) in of_type(&stack, "AWS::Events::Rule") {
            let targets = rule["Targets"].as_array().unwrap().iter().map(|target| referred(&target["Arn"]));
            invoked
                .extend(targets.filter(|target| target.ends_with("Function")).map(|target| (name, target)));
        }
        permitted.sort_unstable();
        invoked.sort_unstable();
        assert!(!invoked.is_empty());
        assert_eq!(permitted, invoked, "{set:?}");
    }
}
