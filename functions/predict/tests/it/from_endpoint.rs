//! The endpoint mode: how the function answers for each behaviour of the service.

use std::time::{Duration, Instant};

use matinee_tests::{Behaviour, EndpointDouble, S3Double, read_event, train_small};
use serde_json::{Value, json};

use crate::support::Function;

/// An answer of the container.
const RATING: &str = r#"{"predicted_rating":4.2,"movie_title":"another catalogue's","score":4.23,"known_user":true,
    "known_movie":true,"model_version":"abc"}"#;

/// The function needs only a catalogue.
fn catalogue() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("movies.csv"), "movieId,title\n2959,Fight Club (1999)\n").unwrap();
    folder
}

async fn start(endpoint: &EndpointDouble, model_uri: &str) -> Function {
    let mut environment = endpoint.environment().to_vec();
    environment.push(("MODEL_URI", model_uri));
    Function::start(&environment).await
}

#[tokio::test]
async fn ratings_come_from_the_endpoint_and_titles_from_the_catalogue() {
    let (endpoint, folder) = (EndpointDouble::start(Behaviour::Answer(RATING)).await, catalogue());
    let function = start(&endpoint, folder.path().to_str().unwrap()).await;
    let answer = function.predict("2", "2959").await;
    let expected = json!({
        "predicted_rating": 4.2,
        "movie_title": "Fight Club (1999)",
        "score": 4.23,
        "known_user": true,
        "known_movie": true,
        "model_version": "abc",
        "source": "endpoint",
    });
    assert_eq!((answer.status, &answer.body), (200, &expected));
    assert_eq!(endpoint.take_calls(), 1);

    let answer = function.predict("2", "1").await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (404, &json!("unknown_movie")));
    assert_eq!(function.predict("", "2959").await.status, 400);
    assert_eq!(endpoint.take_calls(), 0, "the endpoint is not asked if no rating is needed");
}

#[tokio::test]
async fn every_error_of_the_service_has_an_answer_of_its_own() {
    let (endpoint, folder) = (EndpointDouble::start(Behaviour::Hang).await, catalogue());
    let function = start(&endpoint, folder.path().to_str().unwrap()).await;
    for (behaviour, status, code, reason, calls) in [
        (Behaviour::Fail(424, "ModelError"), 502, "endpoint_failed", "model_error", 1),
        (Behaviour::Fail(503, "ServiceUnavailable"), 503, "endpoint_unavailable", "unavailable", 3),
        (Behaviour::Fail(400, "ThrottlingException"), 503, "endpoint_unavailable", "throttled", 3),
        (Behaviour::Fail(500, "InternalFailure"), 502, "endpoint_failed", "internal_failure", 3),
        (Behaviour::Fail(400, "ValidationError"), 502, "endpoint_failed", "refused", 1),
        (Behaviour::Fail(403, "AccessDeniedException"), 502, "endpoint_failed", "access_denied", 1),
        (Behaviour::Answer("<html>"), 502, "endpoint_failed", "bad_answer", 1),
    ] {
        endpoint.behave(behaviour.clone());
        endpoint.take_calls();
        let answer = function.predict("2", "2959").await;
        let error = &answer.body["error"];
        assert_eq!((answer.status, &error["code"]), (status, &json!(code)), "{behaviour:?}: {}", answer.raw);
        assert_eq!(error["reason"], reason);
        assert_eq!(endpoint.take_calls(), calls, "{behaviour:?}");
        assert!(!error["message"].as_str().unwrap().contains("as it was told"), "internal text: {error}");
        let retry_after = answer.raw["multiValueHeaders"].get("retry-after");
        assert_eq!(retry_after.is_some(), status == 503, "{behaviour:?}");
    }
}

/// Takes 20 s, which is how long the function waits for the endpoint.
#[tokio::test]
async fn a_silent_endpoint_is_a_timeout_before_the_gateway_gives_up() {
    let (endpoint, folder) = (EndpointDouble::start(Behaviour::Hang).await, catalogue());
    let function = start(&endpoint, folder.path().to_str().unwrap()).await;
    let begin = Instant::now();
    let answer = function.predict("2", "2959").await;
    let code = &answer.body["error"]["code"];
    assert_eq!((answer.status, code), (504, &json!("endpoint_timeout")), "{}", answer.raw);
    assert!(begin.elapsed() < Duration::from_secs(25), "{:?}", begin.elapsed());
    assert!(endpoint.take_calls() >= 2, "the function repeats an attempt that hangs");
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_unavailable() {
    let folder = catalogue();
    let environment = [
        ("ENDPOINT_NAME", "matinee-test"),
        ("MODEL_URI", folder.path().to_str().unwrap()),
        // Nothing listens on the discard port.
        ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:9"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let function = Function::start(&environment).await;
    let answer = function.predict("2", "2959").await;
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["reason"]), (503, &json!("unreachable")), "{}", answer.raw);
}

#[tokio::test]
async fn titles_can_come_from_s3() {
    let (endpoint, s3) = (EndpointDouble::start(Behaviour::Answer(RATING)).await, S3Double::start().await);
    let function = async |key: &str| {
        let uri = s3.uri(key);
        let mut environment = endpoint.environment().to_vec();
        environment.push(("AWS_ENDPOINT_URL_S3", s3.environment()[0].1));
        environment.push(("MODEL_URI", &uri));
        Function::start(&environment).await
    };
    let answer = function("data/").await.predict("2", "2959").await;
    assert_eq!((answer.status, &answer.body["error"]["reason"]), (503, &Value::from("not_found")));

    s3.put("data/movies.csv", b"movieId,title\n2959,Fight Club (1999)\n");
    let answer = function("data/").await.predict("2", "2959").await;
    assert_eq!(answer.body["movie_title"], "Fight Club (1999)", "{}", answer.raw);

    let folder = tempfile::tempdir().unwrap();
    train_small(&folder.path().join("model"), 0);
    s3.put("job/output/model.tar.gz", &crate::from_s3::archive(&folder.path().join("model")));
    let answer = function("job/output/model.tar.gz").await.predict("2", "2959").await;
    assert_eq!(answer.body["movie_title"], "Fight Club (1999)", "{}", answer.raw);
}

/// An endpoint may run an image that is older than the function and ignores ratings in a request. Its answer would be
/// wrong.
#[tokio::test]
async fn the_answer_of_an_endpoint_that_ignores_ratings_is_refused() {
    const MODEL: &str = r#"{"version":"abc","algorithm":"bias","rating_scale":{"min":0.5,"max":5.0},"counts":{"users":1,
        "movies":1,"rated_movies":1,"ratings":1},"metrics":{"hold_out":null},"training_job":null,"created_at":"",
        "predicted_rating":4.2,"movie_title":"","score":4.23,"known_user":true,"known_movie":true,"model_version":"abc"}"#;
    let (endpoint, folder) = (EndpointDouble::start(Behaviour::Answer(MODEL)).await, catalogue());
    let function = start(&endpoint, folder.path().to_str().unwrap()).await;
    let mut event = read_event("predict");
    event["body"] = json!({"userId": "2", "movieId": "2959", "ratings": []}).to_string().into();
    let answer = function.invoke(event.clone()).await;
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["reason"]), (502, &json!("bad_answer")), "{}", answer.raw);

    event["body"] = json!({"movieId": "2959", "ratings": [{"movieId": "1", "rating": 9}]}).to_string().into();
    let answer = function.invoke(event).await;
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(answer.status == 400 && message.contains("from 0.5 to 5"), "{}", answer.raw);
}

#[tokio::test]
async fn titles_follow_the_pointer() {
    let (endpoint, s3) = (EndpointDouble::start(Behaviour::Answer(RATING)).await, S3Double::start().await);
    let point_to = |version: &str| {
        let pointer = json!({
            "version": version,
            "uri": s3.uri(&format!("models/{version}/")),
            "manifest_sha256": "",
            "published_at": "2026-01-01T00:00:00Z",
        });
        s3.put("models/live.json", pointer.to_string().as_bytes());
    };
    for (version, title) in [("1", "Fight Club (1999)"), ("2", "Fight Club (Director's Cut)")] {
        let movies = format!("movieId,title\n2959,{title}\n");
        s3.put(&format!("models/{version}/movies.csv"), movies.as_bytes());
    }
    point_to("1");
    let uri = s3.uri("models/live.json");
    let mut environment = endpoint.environment().to_vec();
    environment.push(("AWS_ENDPOINT_URL_S3", s3.environment()[0].1));
    environment.extend([("MODEL_URI", uri.as_str()), ("MODEL_REFRESH_SECONDS", "1")]);
    let function = Function::start(&environment).await;
    let title = async || {
        let answer = function.predict("2", "2959").await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        answer.body["movie_title"].as_str().unwrap().to_owned()
    };
    assert_eq!(title().await, "Fight Club (1999)");
    point_to("2");
    let begin = Instant::now();
    while title().await != "Fight Club (Director's Cut)" {
        assert!(begin.elapsed() < Duration::from_secs(30), "the newer titles are not loaded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
