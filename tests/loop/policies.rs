//! The roles of the stack allow exactly what the functions do.

use std::collections::BTreeSet;

use matinee_tests::{BUCKET, Call, stack};
use serde_json::{Value, json};

use crate::scheduling::schedule;
use crate::world::{JOB_NAME_PREFIX, ROLE, STACK, TABLE, World, until_version};

/// What else the roles allow, and who needs it.
const NOT_OURS: [(&str, &str); 7] = [
    ("KeepCheckpoints", "SageMaker copies /opt/ml/checkpoints"),
    ("PullTheImage", "SageMaker pulls the image"),
    ("LogInToTheRegistry", "SageMaker pulls the image"),
    ("Log", "Lambda and SageMaker write what their programs print"),
    ("KeepFailures", "Lambda sends what failed to the queue"),
    ("Measure", "SageMaker writes the metrics of its container"),
    ("AskTheEndpoint", "under a condition; functions/predict/tests/it/from_endpoint.rs makes the call"),
];

/// What a statement of a role allows.
#[derive(Debug)]
pub struct Allowed {
    pub sid: String,
    pub action: String,
    pub resource: String,
    pub prefix: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_policies_allow_just_the_calls_that_are_made() {
    let world = World::start().await;
    world.upload();
    // A model that nothing refers to is tagged for removal.
    world.moto.put(&format!("models/{JOB_NAME_PREFIX}-abandoned/output/model/manifest.json"), b"{}");
    let predict = world.predict_live().await;
    predict.predict().await;
    let (_, ended) = world.train(json!({})).await;
    world.publish.answer(ended).await;
    world.start.answer(schedule("s")).await;
    // A job that compares its model with the live one.
    world.train(json!({"seed": "1"})).await;
    let live = world.live_version();
    // A failed load is not tried again at once.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    until_version(&predict, &live).await;
    assert_eq!(predict.ask("PUT", "/users/1/ratings/2959", &json!({"rating": 5})).await.0, 201);
    assert_eq!(predict.ask("DELETE", "/users/1", &Value::Null).await.0, 204);

    let stack = stack(&[("AWS::StackName", STACK), ("LiveRatings", "true"), ("Authorization", "api-key")]);
    for (resource, calls) in [
        ("PredictRole", predict.recorder.calls()),
        ("StartTrainingRole", world.start.recorder.calls()),
        ("PublishModelRole", world.publish.recorder.calls()),
        ("TrainingRole", world.training.calls()),
    ] {
        let allowed = allowed(&stack["Resources"][resource]["Properties"]["Policies"]);
        compare(resource, &allowed, &calls);
    }
}

/// Fails unless the statements allow the calls, and nothing else that is ours.
pub fn compare(role: &str, allowed: &[Allowed], calls: &[Call]) {
    assert!(!calls.is_empty(), "{role} makes no calls");
    let mut used = BTreeSet::new();
    for call in calls {
        let by: Vec<&Allowed> = allowed.iter().filter(|allowed| allowed.covers(call)).collect();
        assert!(!by.is_empty(), "{role} is not allowed to make {call:?}: {allowed:#?}");
        used.extend(by.into_iter().map(|allowed| (&allowed.sid, &allowed.action)));
    }
    for allowed in allowed {
        let is_ours = NOT_OURS.iter().all(|(sid, _)| *sid != allowed.sid);
        let is_used = used.contains(&(&allowed.sid, &allowed.action));
        assert!(!is_ours || is_used, "{role} is allowed what it never does: {allowed:?}");
    }
}

impl Allowed {
    fn covers(&self, call: &Call) -> bool {
        if self.action != call.action {
            return false;
        }
        if self.action == "s3:ListBucket" {
            // The resource is the bucket; the prefix is in the condition.
            let key = call.resource.strip_prefix(&format!("{BUCKET}/")).unwrap_or_default();
            return self.prefix.iter().any(|pattern| is_like(pattern, key));
        }
        let is_s3 = self.action.starts_with("s3:");
        let resource = if is_s3 { format!("arn:aws:s3:::{}", call.resource) } else { call.resource.clone() };
        is_like(&self.resource, &resource) || self.resource == "*"
    }
}

/// Whether `text` matches a pattern in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, "")) => text.starts_with(head),
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|left| left.contains(rest)),
    }
}

/// Every action of every statement.
pub fn allowed(policies: &Value) -> Vec<Allowed> {
    let policies = policies.as_array().unwrap();
    let statements =
        policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    let mut found = Vec::new();
    for statement in statements {
        let sid = statement["Sid"].as_str().unwrap().to_owned();
        assert_eq!(statement["Effect"], "Allow", "{sid}");
        let prefixes = texts(&statement["Condition"]["StringLike"]["s3:prefix"]);
        let prefix: Vec<String> = prefixes.iter().map(|prefix| resolved(prefix)).collect();
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{sid} allows {action}");
            for resource in resources(&statement["Resource"]) {
                found.push(Allowed {
                    sid: sid.clone(),
                    action: action.clone(),
                    resource,
                    prefix: prefix.clone(),
                });
            }
        }
    }
    found
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().flat_map(self::texts).collect(),
        _ => Vec::new(),
    }
}

/// The resources of a statement, with the names of the test's stack.
fn resources(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![resolved(text)],
        Value::Array(values) => values.iter().flat_map(resources).collect(),
        value => match value["Fn::GetAtt"].as_array() {
            Some(name) => {
                vec![resolved(&format!("${{{}.{}}}", name[0].as_str().unwrap(), name[1].as_str().unwrap()))]
            }
            None => vec![value.to_string()],
        },
    }
}

fn resolved(text: &str) -> String {
    let text =
        text.replace("${Bucket.Arn}", &format!("arn:aws:s3:::{BUCKET}")).replace("${TrainingRole.Arn}", ROLE);
    let text = text.replace("${RatingsTable.Arn}", &format!("table/{TABLE}"));
    // The id of the stack in tests/template/stack.py begins with this.
    let text = text.replace("matinee-51af3dc0", JOB_NAME_PREFIX);
    text.replace("arn:aws:sagemaker:us-east-1:123456789012:", "")
}
