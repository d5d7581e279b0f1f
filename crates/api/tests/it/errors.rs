//! Every error has a status, a stable code, and the same form.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use matinee_api::MAX_BODY_BYTES;
use matinee_api::request::{MAX_ID_BYTES, MAX_PAIRS, MAX_RATINGS};

use crate::support::{Answer, app, app_without_model, predict, send};

async fn post(path: &str, body: impl Into<Body>) -> Answer {
    send(app(), Request::post(path).body(body.into()).unwrap()).await
}

fn assert_error(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = &answer.body["error"];
    assert_eq!(error["code"], code, "{answer:?}");
    assert!(!error["message"].as_str().unwrap().is_empty());
    assert_eq!(error["request_id"].as_str().unwrap(), answer.headers["x-request-id"]);
    assert_eq!(answer.body.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn the_error_of_an_invalid_request_says_what_is_wrong() {
    for (body, named) in [
        ("", "empty"),
        ("{", "JSON"),
        ("userId=2&movieId=2959", "JSON"),
        ("[1]", "object"),
        ("{}", "`userId`"),
        (r#"{"userId":"1"}"#, "`movieId`"),
        (r#"{"userId":"1","movieId":[10]}"#, "`movieId`"),
        (r#"{"userId":"","movieId":"10"}"#, "`userId`"),
        (r#"{"userId":1.5,"movieId":"10"}"#, "`userId`"),
    ] {
        let answer = predict(app(), body).await;
        assert_error(&answer, StatusCode::BAD_REQUEST, "invalid_request");
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{body}: {message}");
    }
}

#[tokio::test]
async fn the_example_in_an_error_is_valid_for_its_route() {
    for (path, field) in
        [("/predict", "userId"), ("/predict/batch", "pairs"), ("/recommendations", "ratings")]
    {
        for body in ["", "{", "[]", "{}"] {
            let answer = post(path, body).await;
            assert_error(&answer, StatusCode::BAD_REQUEST, "invalid_request");
            let message = answer.body["error"]["message"].as_str().unwrap();
            let (_, example) = message.split_once("; send ").unwrap();
            assert!(example.starts_with(&format!("{{\"{field}\":")), "{path} {body}: {message}");
            // The example is a valid body, but its movies need not be in this catalogue.
            assert_ne!(post(path, example.to_owned()).await.status, StatusCode::BAD_REQUEST, "{example}");
        }
    }
    let answer = post("/recommendations", r#"{"ratings":[{"rating":5}]}"#).await;
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("entry 0 of `ratings`: the field `movieId` is missing; send {\"ratings\""),
        "{message}"
    );
}

#[tokio::test]
async fn errors_name_the_limit() {
    let pair = r#"{"userId":"1","movieId":"10"}"#;
    let rating = r#"{"movieId":"10","rating":5}"#;
    let list =
        |name: &str, entry: &str, count: usize| format!("{{\"{name}\":[{}]}}", vec![entry; count].join(","));
    let long = "x".repeat(MAX_ID_BYTES + 1);
    for (path, body, named) in [
        ("/predict/batch", list("pairs", pair, MAX_PAIRS + 1), MAX_PAIRS),
        ("/recommendations", list("ratings", rating, MAX_RATINGS + 1), MAX_RATINGS),
        ("/predict", format!(r#"{{"userId":"{long}","movieId":"10"}}"#), MAX_ID_BYTES),
        ("/recommendations", format!(r#"{{"ratings":[{{"movieId":"{long}","rating":5}}]}}"#), MAX_ID_BYTES),
    ] {
        let answer = post(path, body).await;
        assert_error(&answer, StatusCode::BAD_REQUEST, "invalid_request");
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(&named.to_string()), "{path}: {message}");
    }
    for (path, body) in [
        ("/predict/batch", list("pairs", pair, MAX_PAIRS)),
        ("/recommendations", list("ratings", rating, MAX_RATINGS)),
    ] {
        assert_eq!(post(path, body).await.status, StatusCode::OK, "{path}");
    }
    for path in [
        format!("/movies/{long}"),
        format!("/movies/{long}/similar"),
        format!("/users/{long}/recommendations"),
    ] {
        let answer = send(app(), Request::get(path).body(Body::empty()).unwrap()).await;
        assert_error(&answer, StatusCode::BAD_REQUEST, "invalid_request");
        assert!(answer.body["error"]["message"].as_str().unwrap().contains(&MAX_ID_BYTES.to_string()));
    }
}

#[tokio::test]
async fn a_movie_outside_the_catalogue_is_not_found() {
    let answer = predict(app(), r#"{"userId":"1","movieId":"404"}"#).await;
    assert_error(&answer, StatusCode::NOT_FOUND, "unknown_movie");
    assert!(answer.body["error"]["message"].as_str().unwrap().contains("`404`"));
}

#[tokio::test]
async fn other_paths_are_not_found_and_other_methods_not_allowed() {
    let get = |app: Router, path| send(app, Request::get(path).body(Body::empty()).unwrap());
    for path in ["/nowhere", "/page/no.js", "/predict/", "/Predict", "/../etc/passwd", "/model/x"] {
        assert_error(&get(app(), path).await, StatusCode::NOT_FOUND, "not_found");
    }
    let answer = get(app(), "/predict").await;
    assert_error(&answer, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "POST");
    let answer = send(app(), Request::delete("/model").body(Body::empty()).unwrap()).await;
    assert_error(&answer, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
}

#[tokio::test]
async fn a_body_may_have_exactly_a_megabyte() {
    let padded = |length: usize| {
        let mut body = br#"{"userId":"1","movieId":"10"}"#.to_vec();
        body.resize(length, b' ');
        body
    };
    assert_eq!(predict(app(), padded(MAX_BODY_BYTES)).await.status, StatusCode::OK);
    let answer = predict(app(), padded(MAX_BODY_BYTES + 1)).await;
    assert_error(&answer, StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large");
    assert!(answer.body["error"]["message"].as_str().unwrap().contains("1000000 bytes"));
}

#[tokio::test]
async fn without_a_model_every_answer_says_why_and_when_to_try_again() {
    for request in [
        Request::post("/predict").body(Body::from(r#"{"userId":"1","movieId":"10"}"#)),
        Request::get("/model").body(Body::empty()),
        Request::get("/health").body(Body::empty()),
    ] {
        let answer = send(app_without_model(), request.unwrap()).await;
        assert_error(&answer, StatusCode::SERVICE_UNAVAILABLE, "model_unavailable");
        assert_eq!(answer.body["error"]["reason"], "not_found");
        assert_eq!(answer.headers["retry-after"], "2");
        let body = answer.body.to_string();
        assert!(!body.contains("no such model"), "the path is internal: {body}");
    }
}

#[tokio::test]
async fn a_callers_request_id_is_used_if_it_is_safe_to_log() {
    let ask = |id: &str| {
        let request = Request::get("/health").header("x-request-id", id).body(Body::empty());
        send(app(), request.unwrap())
    };
    assert_eq!(ask("trace-42/a").await.headers["x-request-id"], "trace-42/a");
    for unfit in ["", "two words", "tab\there", &"x".repeat(129)] {
        let answer = ask(unfit).await;
        let given = answer.headers["x-request-id"].to_str().unwrap();
        assert_ne!(given, unfit);
        assert_eq!(given.len(), 36, "a new id: {given}");
    }
}
