//! Ratings in `DynamoDB`: the tests of every store, and the function itself, against moto over HTTP.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use matinee_aws::DynamoDbRatings;
use matinee_live_ratings::conformance::assert_conforms;
use matinee_tests::{FakeRuntime, Moto, RunningFunction, binary, read_event, train_small};
use serde_json::{Value, json};

const TABLE: &str = "matinee-RatingsTable";
/// No answer is late because the machine is busy.
const PATIENCE: (&str, &str) = ("RATINGS_TIMEOUT_MS", "5000");

/// The function over a small model and a table.
struct Function {
    runtime: FakeRuntime,
    _process: RunningFunction,
}

impl Function {
    async fn start(address: &str, model: &str) -> Self {
        let runtime = FakeRuntime::start().await;
        let environment =
            [&environment(address)[..], &[("MODEL_URI", model), ("RATINGS_TABLE", TABLE), PATIENCE]].concat();
        let process = runtime.run(&binary("predict"), &environment);
        Self { runtime, _process: process }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u64, Value) {
        let mut event = read_event("user-ratings");
        event["httpMethod"] = method.into();
        event["path"] = path.into();
        event["requestContext"]["path"] = format!("/v1{path}").into();
        event["requestContext"]["httpMethod"] = method.into();
        event["requestContext"]["resourcePath"] = "/{proxy+}".into();
        event["pathParameters"] = json!({"proxy": path.trim_start_matches('/')});
        event["queryStringParameters"] = Value::Null;
        event["multiValueQueryStringParameters"] = Value::Null;
        event["body"] = if body.is_null() { Value::Null } else { body.to_string().into() };
        let answer = self.runtime.invoke(event).await.unwrap();
        let body = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        (answer["statusCode"].as_u64().unwrap(), body)
    }
}

fn environment(address: &str) -> [(&str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL", address),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]
}

/// The table without the function's time limits: moto answers one request after the other.
async fn store(moto: &Moto) -> DynamoDbRatings {
    let patient = TimeoutConfig::builder().operation_timeout(Duration::from_mins(2)).build();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(moto.address())
        .region("eu-west-1")
        .timeout_config(patient)
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("key", "secret", None, None, "test"))
        .load()
        .await;
    DynamoDbRatings::of(&config, TABLE.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_table_passes_the_tests_of_every_store() {
    let moto = Moto::start();
    moto.make_ratings_table(TABLE);
    assert_conforms(&store(&moto).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_function_counts_a_rating_in_its_next_answer() {
    let (moto, folder) = (Moto::start(), tempfile::tempdir().unwrap());
    moto.make_ratings_table(TABLE);
    let model = folder.path().join("model");
    train_small(&model, 0);
    let model = model.to_str().unwrap();
    let function = Function::start(moto.address(), model).await;
    let pair = json!({"userId": "new", "movieId": "2959"});
    let predict = async |function: &Function| function.ask("POST", "/predict", &pair).await.1;
    assert_eq!(predict(&function).await["known_user"], false);
    let rating = json!({"rating": 5});
    assert_eq!(function.ask("PUT", "/users/new/ratings/2959", &rating).await.0, 201);
    assert_eq!(predict(&function).await["known_user"], true);
    assert_eq!(function.ask("PUT", "/users/new/hidden/2959", &Value::Null).await.0, 204);
    let (_, own) = function.ask("GET", "/users/new/ratings", &Value::Null).await;
    assert_eq!((&own["count"], &own["hidden_movies"]), (&json!(1), &json!(["2959"])));

    let another = Function::start(moto.address(), model).await;
    assert_eq!(predict(&another).await["known_user"], true, "all sandboxes see it");
    assert_eq!(another.ask("DELETE", "/users/new", &Value::Null).await.0, 204);
    assert_eq!(predict(&function).await["known_user"], false);

    let address = moto.address().to_owned();
    drop(moto);
    let alone = predict(&function).await;
    assert_eq!(alone["live_ratings"], "unavailable", "nobody listens at {address}: {alone}");
    let (status, refused) = function.ask("PUT", "/users/new/ratings/2959", &rating).await;
    assert_eq!((status, &refused["error"]["code"]), (503, &json!("live_ratings_unavailable")));
}
