//! Every event in `events/`, as the function answers it.

use matinee_model::Model;
use matinee_tests::{events_folder, read_event, train_small};
use serde_json::Value;

use crate::support::Function;

/// An event is expected to be answered 200; one named `*-STATUS.json` with that status.
fn expected_status(name: &str) -> u64 {
    name.rsplit_once('-').and_then(|(_, end)| end.parse().ok()).filter(|status| *status >= 100).unwrap_or(200)
}

#[tokio::test]
async fn every_event_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    train_small(&path, 0);
    let model = Model::open(&path).unwrap();
    let expected = model.predict(&"2".into(), &"2959".into()).unwrap().score;
    let function = Function::start(&[("MODEL_URI", path.to_str().unwrap())]).await;

    let mut names: Vec<String> = std::fs::read_dir(events_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    for name in &names {
        let answer = function.invoke(read_event(name)).await;
        assert_eq!(answer.status, expected_status(name), "{name}: {}", answer.raw);
        if name.starts_with("predict") && answer.status == 200 {
            assert_eq!(answer.body["movie_title"], "Fight Club (1999)", "{name}");
            let score = answer.body["score"].as_f64().unwrap();
            assert!((score - f64::from(expected)).abs() < 1e-5, "{name}: {score}");
        }
    }
    assert!(names.len() >= 9, "{names:?}");
}

#[tokio::test]
async fn answers_carry_lambdas_request_id() {
    let function = Function::start(&[("MODEL_URI", "/no/such/model")]).await;
    let answer = function.invoke(read_event("health")).await;
    let headers = &answer.raw["multiValueHeaders"];
    let request_id = answer.body["error"]["request_id"].as_str().unwrap();
    assert!(request_id.starts_with("invocation-"), "{request_id}");
    assert_eq!(headers["x-request-id"], serde_json::json!([request_id]));
}

#[tokio::test]
async fn a_missing_model_is_503_and_is_found_when_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let function = Function::start(&[("MODEL_URI", path.to_str().unwrap())]).await;
    let answer = function.invoke(read_event("predict")).await;
    assert_eq!((answer.status, &answer.body["error"]["reason"]), (503, &Value::from("not_found")));

    train_small(&path, 0);
    let retry = matinee_api::live_model::RETRY_AFTER;
    tokio::time::sleep(retry).await;
    assert_eq!(function.invoke(read_event("predict")).await.status, 200);
}
