//! The table of ratings that come in: only where it is wanted, and only for the function and the jobs that use it.

use matinee_tests::{refusal, stack};
use serde_json::{Value, json};

use crate::{of_type, properties, referred};

const ON: [(&str, &str); 2] = [("LiveRatings", "true"), ("Authorization", "api-key")];

fn statements(stack: &Value, role: &str) -> Vec<Value> {
    let policies = properties(stack, role)["Policies"].as_array().unwrap().iter();
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone()).collect()
}

fn variable(stack: &Value, name: &str) -> Value {
    properties(stack, "PredictFunction")["Environment"]["Variables"][name].clone()
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn there_is_no_table_and_no_permission_unless_it_is_wanted() {
    let stack = stack(&[]);
    assert_eq!(of_type(&stack, "AWS::DynamoDB::Table").count(), 0);
    assert!(!stack["Resources"].to_string().contains("dynamodb:"), "no role may use a table");
    assert_eq!(variable(&stack, "RATINGS_TABLE"), "");
    assert_eq!(variable(&stack, "RATINGS_CACHE_SECONDS"), "0", "nothing is kept in memory");
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn the_function_gets_its_table_and_what_it_calls() {
    let stack = stack(&ON);
    let table = properties(&stack, "RatingsTable");
    let keys: Vec<Value> = table["KeySchema"].as_array().unwrap().clone();
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    assert_eq!(keys, [key("user", "HASH"), key("movie", "RANGE")]);
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "nothing while it is idle");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], false);
    assert_eq!(stack["Resources"]["RatingsTable"]["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(referred(&variable(&stack, "RATINGS_TABLE")), "RatingsTable");

    let on_tables = |role: &str| {
        let statements = statements(&stack, role).into_iter();
        statements
            .filter(|statement| statement["Action"].to_string().contains("dynamodb:"))
            .collect::<Vec<_>>()
    };
    let [statement] = on_tables("PredictRole").try_into().unwrap();
    assert_eq!(
        statement["Action"],
        json!(["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"])
    );
    assert_eq!(referred(&statement["Resource"]), "RatingsTable");
    for (role, _) in of_type(&stack, "AWS::IAM::Role").filter(|(role, _)| *role != "PredictRole") {
        let mentions = properties(&stack, role)["Policies"].to_string().contains("dynamodb:");
        assert_eq!(mentions, ["StartTrainingRole", "TrainingRole"].contains(&role), "{role}");
    }
    for role in ["StartTrainingRole", "TrainingRole"] {
        for statement in on_tables(role) {
            assert_eq!(
                (&statement["Action"], referred(&statement["Resource"])),
                (&json!("dynamodb:Scan"), "RatingsTable")
            );
        }
    }
    let starts = &properties(&stack, "StartTrainingFunction")["Environment"]["Variables"];
    assert_eq!(referred(&starts["RATINGS_TABLE"]), "RatingsTable", "jobs learn from it");

    let restorable = matinee_tests::stack(&[ON[0], ON[1], ("LiveRatingsRecovery", "true")]);
    let recovery = &properties(&restorable, "RatingsTable")["PointInTimeRecoverySpecification"];
    assert_eq!(recovery["PointInTimeRecoveryEnabled"], true);
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn a_stack_that_anybody_could_write_to_is_refused() {
    let open = refusal(&[("LiveRatings", "true"), ("Authorization", "none")]);
    assert!(open.contains("LiveRatingsNeedAuthorization") && open.contains("rate for anybody"), "{open}");
    for authorization in ["api-key", "iam", "cognito"] {
        let pool = ("UserPoolArn", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A");
        let kept = stack(&[("LiveRatings", "true"), ("Authorization", authorization), pool]);
        assert_eq!(of_type(&kept, "AWS::DynamoDB::Table").count(), 1, "{authorization}");
    }
    let model = ("ModelUri", "s3://bucket/models/a-job/output/model/");
    let endpoint = refusal(&[ON[0], ON[1], ("CreateEndpoint", "true"), model]);
    assert!(endpoint.contains("a model in memory"), "{endpoint}");
}
