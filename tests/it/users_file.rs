//! A model whose users are in `users.bin`, in a folder and in S3, answers as the same model in memory does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use aws_sdk_s3::config::Credentials;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use matinee_aws::{S3Source, s3_client_of};
use matinee_model::{Model, UserId};
use matinee_serving::{PathSource, Reloadable};
use matinee_tests::{Fault, Recorder, S3Double, train_in_both_forms};
use serde_json::{Value, json};
use tower::ServiceExt;

const GET: &str = "s3:GetObject";
const USERS: &str = "users.bin";

/// The model in both forms, trained once.
fn folder(form: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        train_in_both_forms(&folder.path().join("memory"), &folder.path().join("file"));
        folder
    });
    folder.path().join(form)
}

fn local(path: &Path) -> Router {
    matinee_api::router(Arc::new(Reloadable::<Model>::new(PathSource(path.to_owned()))))
}

/// S3 with the model whose users are in a file, and a proxy before it.
struct Stored {
    s3: S3Double,
    recorder: Recorder,
}

impl Stored {
    async fn start() -> Self {
        let s3 = S3Double::start().await;
        s3.put_folder("models/1/", &folder("file"));
        let recorder = Recorder::start(s3.address()).await;
        Self { s3, recorder }
    }

    /// A server that has not loaded the model yet.
    async fn app(&self) -> Router {
        let [(_, address), ..] = self.recorder.environment();
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(address)
            .region(aws_config::Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .load()
            .await;
        let source = S3Source::new(s3_client_of(&config), self.s3.uri("models/1/").parse().unwrap());
        matinee_api::router(Arc::new(Reloadable::<Model>::new(source)))
    }

    /// How often `users.bin` was read.
    fn reads(&self) -> usize {
        self.recorder
            .calls()
            .iter()
            .filter(|call| call.action == GET && call.resource.ends_with(USERS))
            .count()
    }

    /// Changes a byte in the middle of `users.bin`.
    fn damage(&self) {
        let key = format!("models/1/{USERS}");
        let mut bytes = self.s3.get(&key);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        self.s3.put(&key, &bytes);
    }
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(app: &Router, path: &str) -> (StatusCode, Value) {
    ask(app, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(app: &Router, path: &str, body: &Value) -> (StatusCode, Value) {
    ask(app, Request::post(path).body(Body::from(body.to_string())).unwrap()).await
}

async fn predict(app: &Router, user: &str) -> (StatusCode, Value) {
    post(app, "/predict", &json!({"userId": user, "movieId": "2959"})).await
}

/// The answer without what names the model: the same model in another form has another version.
fn without_version(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "model_version" && name != "next_cursor" && name != "request_id");
            fields.values_mut().for_each(|value| *value = without_version(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = without_version(value.take())),
        _ => {}
    }
    answer
}

/// Every user of the sample data, and some who are not there.
fn users() -> Vec<String> {
    let model = Model::open(&folder("memory")).unwrap();
    let ids = model.user_ids();
    let users = ids.iter().map(str::to_owned);
    users.chain(["!", "1000", "5x", "nobody"].map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_user_of_the_sample_data_gets_the_same_answers() {
    let stored = Stored::start().await;
    let memory = local(&folder("memory"));
    let users = users();
    assert_eq!(users.len(), 671 + 4);
    let routes =
        ["recommendations?limit=5", "recommendations?limit=5&genre=Drama&varied=true", "ratings?limit=9"];
    let pairs: Vec<Value> = users.iter().map(|user| json!({"userId": user, "movieId": "318"})).collect();
    let batch = json!({ "pairs": pairs });
    for app in [local(&folder("file")), stored.app().await] {
        for user in &users {
            let (expected, found) = (predict(&memory, user).await, predict(&app, user).await);
            assert_eq!(
                (found.0, without_version(found.1)),
                (expected.0, without_version(expected.1)),
                "{user}"
            );
            for route in routes {
                let path = format!("/users/{user}/{route}");
                let (expected, found) = (get(&memory, &path).await, get(&app, &path).await);
                assert_eq!(
                    (found.0, without_version(found.1)),
                    (expected.0, without_version(expected.1)),
                    "{path}"
                );
            }
        }
        let expected = post(&memory, "/predict/batch", &batch).await;
        let found = post(&app, "/predict/batch", &batch).await;
        assert_eq!((found.0, without_version(found.1)), (expected.0, without_version(expected.1)));
        for path in ["/movies/318", "/movies/start"] {
            let (expected, found) = (get(&memory, path).await, get(&app, path).await);
            assert_eq!(
                (found.0, without_version(found.1)),
                (expected.0, without_version(expected.1)),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_costs_one_read_and_the_next_of_the_block_none() {
    let stored = Stored::start().await;
    let app = stored.app().await;
    assert_eq!(get(&app, "/health").await.0, StatusCode::OK);
    let after_load = stored.reads();
    assert_eq!(after_load, 1, "for its length");
    for (user, reads) in [("1", 1), ("1", 1), ("10", 1), ("1000", 1), ("!", 1), ("nobody", 2), ("zoe", 2)] {
        assert_eq!(predict(&app, user).await.0, StatusCode::OK);
        assert_eq!(stored.reads() - after_load, reads, "after {user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_reads_each_block_once() {
    let stored = Stored::start().await;
    let app = stored.app().await;
    assert_eq!(get(&app, "/health").await.0, StatusCode::OK);
    let after_load = stored.reads();
    let model = Model::open(&folder("file")).unwrap();
    let users: Vec<String> = users().into_iter().rev().collect();
    let blocks: BTreeSet<usize> =
        users.iter().filter_map(|user| model.user_block(&UserId::from(user.as_str()))).collect();
    assert!(blocks.len() > 10, "{}", blocks.len());
    let pairs: Vec<Value> = users.iter().map(|user| json!({"userId": user, "movieId": "318"})).collect();
    let (status, _) = post(&app, "/predict/batch", &json!({ "pairs": pairs })).await;
    assert_eq!((status, stored.reads() - after_load), (StatusCode::OK, blocks.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_block_is_an_error_for_its_users_alone() {
    let stored = Stored::start().await;
    let model = Model::open(&folder("file")).unwrap();
    stored.damage();
    let app = stored.app().await;
    let mut damaged = BTreeSet::new();
    for user in users() {
        let (status, body) = predict(&app, &user).await;
        if status != StatusCode::OK {
            assert_eq!(
                (status, &body["error"]["code"]),
                (StatusCode::SERVICE_UNAVAILABLE, &json!("user_unavailable"))
            );
            assert_eq!(body["error"]["reason"], "invalid");
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.contains("publish the model again, or train it again"), "{message}");
            assert_eq!(get(&app, &format!("/users/{user}/recommendations")).await.0, status);
            assert_eq!(get(&app, &format!("/users/{user}/ratings")).await.0, status);
            damaged.insert(model.user_block(&user.as_str().into()));
        }
    }
    assert_eq!(damaged.len(), 1, "{damaged:?}");
    let pairs: Vec<Value> = users().iter().map(|user| json!({"userId": user, "movieId": "318"})).collect();
    let (status, body) = post(&app, "/predict/batch", &json!({ "pairs": pairs })).await;
    assert_eq!(status, StatusCode::OK);
    for (user, answer) in users().iter().zip(body["predictions"].as_array().unwrap()) {
        let is_damaged = damaged.contains(&model.user_block(&user.as_str().into()));
        assert_eq!(answer["error"]["code"] == "user_unavailable", is_damaged, "{user}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_not_seen_and_what_lasts_is_an_error_until_it_is_over() {
    let stored = Stored::start().await;
    let app = stored.app().await;
    assert_eq!(get(&app, "/health").await.0, StatusCode::OK);
    for brief in [Fault::Cut, Fault::Refuse(503, "SlowDown")] {
        // Another block for each, because a block that was read is not read again.
        let user = if matches!(brief, Fault::Cut) { "1" } else { "300" };
        stored.recorder.inject(brief.at(GET, USERS).times(1));
        assert_eq!(predict(&app, user).await.0, StatusCode::OK);
        assert_eq!(stored.recorder.heal().await.len(), 1);
    }
    for lasting in [Fault::Refuse(403, "AccessDenied"), Fault::Cut] {
        stored.recorder.inject(lasting.at(GET, USERS));
        let (status, body) = predict(&app, "600").await;
        assert_eq!(
            (status, &body["error"]["reason"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("unreachable")),
            "{body}"
        );
        assert_eq!(predict(&app, "1").await.0, StatusCode::OK, "its block is in memory");
        assert!(!stored.recorder.heal().await.is_empty());
    }
    assert_eq!(predict(&app, "600").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_of_another_length_is_found_when_the_model_is_loaded() {
    let stored = Stored::start().await;
    let key = format!("models/1/{USERS}");
    let bytes = stored.s3.get(&key);
    stored.s3.put(&key, &bytes[1..]);
    assert_eq!(get(&stored.app().await, "/health").await.1["error"]["reason"], "invalid");
    stored.s3.delete(&key);
    assert_eq!(get(&stored.app().await, "/health").await.1["error"]["reason"], "not_found");
}
