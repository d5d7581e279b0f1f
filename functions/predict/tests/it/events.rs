//! The answers to all events in `events/`.

use matinee_model::Model;
use matinee_tests::{events_folder, read_event, train_small};
use serde_json::Value;

use crate::support::Function;

/// The expected status: that of an event named `*-STATUS.json`, or 200.
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
    for name in names.iter().filter(|name| !name.starts_with("direct-")) {
        let answer = function.invoke(read_event(name)).await;
        assert_eq!(answer.status, expected_status(name), "{name}: {}", answer.raw);
        if name.contains("predict") && answer.status == 200 {
            assert_eq!(answer.body["movie_title"], "Fight Club (1999)", "{name}");
            let score = answer.body["score"].as_f64().unwrap();
            assert!((score - f64::from(expected)).abs() < 1e-5, "{name}: {score}");
        }
    }
    assert!(names.len() >= 9, "{names:?}");
}

#[tokio::test]
async fn an_event_that_is_not_a_request_gets_only_the_body() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    train_small(&path, 0);
    let function = Function::start(&[("MODEL_URI", path.to_str().unwrap())]).await;
    let expected = function.invoke(read_event("predict")).await.body;
    assert_eq!(function.invoke_directly(read_event("direct-predict")).await, expected);
    let batch = function.invoke_directly(read_event("direct-batch")).await;
    assert_eq!(batch["predictions"][0], expected);
    let warm = function.invoke_directly(read_event("direct-schedule")).await;
    assert_eq!((&warm["status"], &warm["model_version"]), (&Value::from("ok"), &expected["model_version"]));
    for (event, sender) in [
        (read_event("direct-object-created"), "aws.s3"),
        (read_event("direct-queue"), "aws:sqs"),
        (Value::Null, "null"),
    ] {
        let error = &function.invoke_directly(event).await["error"];
        let message = error["message"].as_str().unwrap();
        assert_eq!(error["code"], "unknown_event");
        assert!(
            message.contains(sender) && message.contains(r#"{"userId":"2","movieId":"2959"}"#),
            "{message}"
        );
    }
    // The function is still running.
    assert_eq!(function.invoke(read_event("predict")).await.body, expected);
}

#[tokio::test]
async fn a_large_answer_is_compressed_unless_the_gateway_does_it() {
    use std::io::Read;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    train_small(&path, 0);
    let function = Function::start(&[("MODEL_URI", path.to_str().unwrap())]).await;
    let pairs = serde_json::json!({"pairs": vec![serde_json::json!({"userId": 2, "movieId": 2959}); 100]});
    let batch = async |name: &str, header: &str| {
        let mut event = read_event(name);
        for field in ["path", "rawPath"] {
            if event.get(field).is_some() {
                event[field] = "/predict/batch".into();
            }
        }
        event[header]["accept-encoding"] =
            if header == "headers" { "gzip, br".into() } else { serde_json::json!(["gzip, br"]) };
        event["body"] = pairs.to_string().into();
        event["isBase64Encoded"] = false.into();
        function.invoke(event).await
    };
    let assert_predictions = |answer: &Value| {
        let predictions = answer["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), 100);
        assert!(predictions.iter().all(|one| one["movie_title"] == "Fight Club (1999)"), "{answer}");
    };
    // A REST API compresses answers itself.
    for header in ["headers", "multiValueHeaders"] {
        let plain = batch("batch", header).await;
        assert_predictions(&plain.body);
    }
    for name in ["predict-function-url", "alb-predict"] {
        let answer = batch(name, "headers").await;
        assert_eq!(answer.raw["headers"]["content-encoding"], "gzip", "{name}: {}", answer.raw);
        assert_eq!(answer.raw["isBase64Encoded"], true);
        let body = answer.raw["body"].as_str().unwrap();
        let body = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
        let mut json = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut json).unwrap();
        assert!(body.len() * 5 < json.len(), "{} of {}", body.len(), json.len());
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_predictions(&json);
        let small = function.invoke(read_event(name)).await;
        assert_eq!(small.body["movie_title"], "Fight Club (1999)", "a small answer is not compressed");
    }
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
async fn a_missing_model_is_503_until_it_exists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let function = Function::start(&[("MODEL_URI", path.to_str().unwrap())]).await;
    let answer = function.invoke(read_event("predict")).await;
    assert_eq!((answer.status, &answer.body["error"]["reason"]), (503, &Value::from("not_found")));

    train_small(&path, 0);
    let retry = matinee_serving::RETRY_AFTER;
    tokio::time::sleep(retry).await;
    assert_eq!(function.invoke(read_event("predict")).await.status, 200);
}

/// A page of another origin can send signed requests, and can read the headers that it needs.
#[tokio::test]
async fn browsers_can_sign_requests_and_read_the_headers_they_need() {
    let origin = "https://films.example";
    let function = Function::start(&[("MODEL_URI", "/no/such/model"), ("CORS_ORIGINS", origin)]).await;
    let mut event = read_event("predict");
    event["httpMethod"] = "OPTIONS".into();
    event["body"] = Value::Null;
    event["multiValueHeaders"] = serde_json::json!({
        "origin": [origin],
        "access-control-request-method": ["POST"],
        "access-control-request-headers": ["authorization,x-amz-date,x-amz-security-token,x-amz-content-sha256"],
    });
    event["headers"] = serde_json::json!({});
    let preflight = function.invoke(event.clone()).await;
    let list = |headers: &Value, name: &str| headers[name][0].as_str().unwrap_or_default().to_owned();
    let allowed = list(&preflight.raw["multiValueHeaders"], "access-control-allow-headers");
    for name in [
        "authorization",
        "x-api-key",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "content-type",
    ] {
        assert!(allowed.split(',').any(|one| one == name), "{name}: {allowed}");
    }
    event["httpMethod"] = "GET".into();
    let answer = function.invoke(event).await;
    let headers = &answer.raw["multiValueHeaders"];
    assert_eq!(list(headers, "access-control-allow-origin"), origin);
    let exposed = list(headers, "access-control-expose-headers");
    for name in ["retry-after", "etag", "x-request-id"] {
        assert!(exposed.split(',').any(|one| one == name), "{name}: {exposed}");
    }
}
