//! Names that the stack creates: they are unambiguous between stacks, short enough, and read as they are written.

use matinee_tests::stack;
use serde_json::Value;

use crate::{of_type, properties, referred};

fn variables<'s>(stack: &'s Value, function: &str) -> &'s Value {
    &properties(stack, function)["Environment"]["Variables"]
}

/// The statements of a role's policies.
fn statements<'s>(stack: &'s Value, role: &str) -> impl Iterator<Item = &'s Value> {
    let policies = properties(stack, role)["Policies"].as_array().unwrap();
    policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
}

fn statement<'s>(stack: &'s Value, role: &str, sid: &str) -> &'s Value {
    statements(stack, role)
        .find(|statement| statement["Sid"] == sid)
        .unwrap_or_else(|| panic!("{role} has no {sid}"))
}

/// `matinee` and `matinee-staging` recognise their own jobs: neither prefix begins with the other, and everything that
/// must only affect the stack's own jobs uses the prefix.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn jobs_of_two_stacks_are_told_apart() {
    let id =
        |name: &str, guid: &str| format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/{guid}");
    let long = "n".repeat(128);
    let prefixes = [
        ("matinee", "51af3dc0-da77-11e4-872e-0123456789ab"),
        ("matinee-staging", "51af3dc1-da77-11e4-872e-0123456789ab"),
        (&long, "61af3dc0-da77-11e4-872e-0123456789ab"),
    ]
    .map(|(name, guid)| {
        let id = id(name, guid);
        let stack = stack(&[("AWS::StackName", name), ("AWS::StackId", &id), ("SparkTraining", "true")]);
        let prefix =
            variables(&stack, "StartTrainingFunction")["JOB_NAME_PREFIX"].as_str().unwrap().to_owned();
        assert!(prefix.len() <= 16, "{prefix} leaves no room in a job's 63 characters");
        assert_eq!(variables(&stack, "PublishModelFunction")["JOB_NAME_PREFIX"], prefix.as_str());
        let rule = &properties(&stack, "JobRule")["EventPattern"]["detail"]["TrainingJobName"][0]["prefix"];
        assert_eq!(rule, &format!("{prefix}-"));
        for (role, sid) in [
            ("StartTrainingRole", "StartJobs"),
            ("PublishModelRole", "DescribeJobs"),
            ("TrainingRole", "WriteModels"),
            ("TrainingRole", "KeepCheckpoints"),
            ("SparkRole", "WriteModels"),
        ] {
            let resource = statement(&stack, role, sid)["Resource"].as_str().unwrap();
            assert!(resource.ends_with(&format!("/{prefix}-*")), "{role} {sid}: {resource}");
        }
        prefix
    });
    for (place, one) in prefixes.iter().enumerate() {
        for other in prefixes.iter().skip(place + 1) {
            assert!(!one.starts_with(other.as_str()) && !other.starts_with(one.as_str()), "{one} {other}");
        }
    }
}

/// The names of rules are shortened if the stack's name is long, so the queue's policy names the rules themselves.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_queue_takes_what_each_rule_cannot_deliver() {
    for set in [
        vec![],
        vec![("TrainOnUpload", "false")],
        vec![("TrainingSchedule", "rate(7 days)")],
        vec![("SparkTraining", "true")],
        vec![("SparkTraining", "true"), ("TrainOnUpload", "false")],
    ] {
        let stack = stack(&set);
        let policy = &properties(&stack, "FailedEventsPolicy")["PolicyDocument"]["Statement"][0];
        let sources = policy["Condition"]["ArnEquals"]["aws:SourceArn"].as_array().unwrap();
        let mut named: Vec<&str> = sources.iter().map(referred).collect();
        named.sort_unstable();
        let mut rules: Vec<&str> = of_type(&stack, "AWS::Events::Rule").map(|(name, _)| name).collect();
        rules.sort_unstable();
        assert_eq!(named, rules, "{set:?}");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn a_role_may_pull_the_image_that_is_named() {
    let of = |image: &str, suffix: &str| {
        let model = "s3://bucket/models/a-job/output/model/";
        let set = [
            ("ImageUri", image),
            ("AWS::URLSuffix", suffix),
            ("CreateEndpoint", "true"),
            ("ModelUri", model),
        ];
        let stack = stack(&set);
        ["TrainingRole", "EndpointRole"].map(|role| {
            let resource = statement(&stack, role, "PullTheImage")["Resource"].as_str().unwrap().to_owned();
            resource.split_once(":repository/").unwrap().1.to_owned()
        })
    };
    let registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    for (name, repository) in
        [("matinee:1", "matinee"), ("team/matinee:1", "team/matinee"), ("a/b/c:latest", "a/b/c")]
    {
        assert_eq!(of(&format!("{registry}/{name}"), "amazonaws.com"), [repository; 2]);
        assert_eq!(of(&format!("{registry}.cn/{name}"), "amazonaws.com.cn"), [repository; 2]);
    }
    assert_eq!(of("", "amazonaws.com"), ["matinee"; 2]);
}

/// A job of this stack writes files, not an archive.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn an_endpoint_serves_what_a_job_writes() {
    let uri = "s3://bucket/models/a-job/output/model/";
    let stack = stack(&[("CreateEndpoint", "true"), ("ModelUri", uri)]);
    let source = &properties(&stack, "EndpointModel")["PrimaryContainer"]["ModelDataSource"]["S3DataSource"];
    let expected = serde_json::json!({"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"});
    assert_eq!(source, &expected);
}

/// A role has X-Ray's policy only if tracing is enabled.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn a_function_may_trace_only_where_tracing_is_on() {
    for (tracing, policies) in [("false", 0), ("true", 3)] {
        let stack = stack(&[("Tracing", tracing)]);
        let named = of_type(&stack, "AWS::IAM::Role").filter(|(name, _)| *name != "CodeDeployServiceRole");
        let managed: Vec<&Value> =
            named.filter_map(|(_, role)| role["ManagedPolicyArns"].as_array()).flatten().collect();
        assert_eq!(managed.len(), policies, "{managed:?}");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_bucket_survives_its_stack_but_not_a_failed_first_deployment() {
    assert_eq!(stack(&[])["Resources"]["Bucket"]["DeletionPolicy"], "RetainExceptOnCreate");
}
