use super::*;
use axum::Router;
use lambda_http::Context;
use matinee_model::Model;
use matinee_serving::Reloadable;
use matinee_tests::{read_event, train_small};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

static API: LazyLock<Router> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    train_small(&path, 0);
    matinee_api::router(Arc::new(Reloadable::loaded(Model::open(&path).unwrap())))
});

/// Status and body.
fn answer(event: &Value) -> (u64, String) {
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    assert!(matches!(event, Event::Request(_)), "{event:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let event = LambdaEvent::new(event, Context::default());
    let answer = runtime.block_on(function(API.clone()).oneshot(event)).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap_or_default().to_owned())
}

/// The answer to an event that need not be a request.
fn answer_directly(event: &Value) -> Value {
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let event = LambdaEvent::new(event, Context::default());
    serde_json::to_value(runtime.block_on(function(API.clone()).oneshot(event)).unwrap()).unwrap()
}

fn assert_documented((status, body): (u64, String)) {
    assert!([200, 400, 404, 405, 413].contains(&status), "{status}: {body}");
    if status != 200 && !body.is_empty() {
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert!(answer["error"]["code"].is_string() && answer["error"]["message"].is_string(), "{answer}");
    }
}

/// The body of a route's answer, or an error.
fn assert_direct(answer: &Value) {
    let is_error = answer["error"]["code"].is_string() && answer["error"]["message"].is_string();
    let is_answer = ["predicted_rating", "predictions", "status"].iter().any(|name| !answer[name].is_null());
    assert!(is_error || is_answer, "{answer}");
}

/// An event of the REST API for this path.
fn rest_api(path: &str) -> Value {
    let mut event = read_event("movies-one");
    event["path"] = json!(path);
    event["requestContext"]["resourcePath"] = json!("/{proxy+}");
    event["pathParameters"] = json!({"proxy": path.trim_start_matches('/')});
    event
}

/// An event of the HTTP API, or of a function URL, for this path and query.
fn http_api(path: &str, query: &str) -> Value {
    let mut event = read_event("predict-http-api");
    let stage = event["requestContext"]["stage"].as_str().unwrap_or("$default").to_owned();
    let prefix = if stage == "$default" { String::new() } else { format!("/{stage}") };
    event["rawPath"] = json!(format!("{prefix}{path}"));
    event["rawQueryString"] = json!(query);
    event["requestContext"]["http"]["method"] = json!("GET");
    event
}

#[test]
fn a_decoded_path_is_encoded_again() {
    let (status, body) = answer(&rest_api("/movies/no such?movie"));
    assert!(status == 404 && body.contains("`no such?movie`"), "{body}");
    let (status, body) = answer(&http_api("/movies/é|", ""));
    assert!(status == 404 && body.contains("`é|`"), "{body}");
    assert_eq!(answer(&rest_api("/movies/..")).0, 404, "`..` is not resolved");
}

#[test]
fn a_query_without_encoding_is_read() {
    let (status, body) = answer(&http_api("/movies", "query=<fight> \"club\""));
    assert!(status == 200 && body.contains("Fight Club (1999)"), "{body}");
}

#[test]
fn the_error_for_a_long_path_or_query_names_the_limit() {
    let long = "x".repeat(100_000);
    let mut balanced = load_balancer("/movies");
    balanced["multiValueQueryStringParameters"] = json!({"query": [long]});
    let mut parameters = rest_api("/movies");
    parameters["queryStringParameters"] = json!({"query": long});
    parameters["multiValueQueryStringParameters"] = json!({"query": [long], "limit": []});
    for event in [parameters, balanced, http_api("/movies", &format!("query={long}"))] {
        let (status, body) = answer(&event);
        assert!(status == 400 && body.contains("longer than 8192 bytes"), "{body}");
    }
    let path = format!("/movies/{long}");
    for event in [rest_api(&path), load_balancer(&path), http_api(&path, "")] {
        let (status, body) = answer(&event);
        assert!(status == 400 && body.contains("longer than 256 bytes"), "{body}");
    }
}

#[test]
fn an_invalid_host_or_scheme_does_no_harm() {
    for mut event in [rest_api("/health"), load_balancer("/health"), http_api("/health", "")] {
        event["headers"] = json!({"host": "a b:c", "x-forwarded-proto": "://"});
        event["requestContext"]["domainName"] = json!("a b");
        assert_eq!(answer(&event).0, 200, "{event}");
    }
}

#[test]
fn a_body_that_is_not_base64_is_read_as_text() {
    let mut event = read_event("predict-base64");
    event["body"] = json!("{\"userId\":\"2\",\"movieId\":\"2959\"}");
    assert_eq!(answer(&event).0, 200);
    event["body"] = json!("====");
    assert_eq!(answer(&event).0, 400);
}

#[test]
fn a_parameter_without_values_is_missing() {
    let mut event = rest_api("/movies");
    event["multiValueQueryStringParameters"] = json!({"query": []});
    let (status, body) = answer(&event);
    assert!(status == 200 && body.contains("\"movies\""), "{body}");
}

/// An event of a load balancer for this path.
fn load_balancer(path: &str) -> Value {
    let mut event = read_event("alb-movies-multi-value");
    event["path"] = json!(path);
    event
}

#[test]
fn a_load_balancers_parameters_are_read_as_single_values_and_as_lists() {
    let mut event = load_balancer("/movies");
    let (status, body) = answer(&event);
    assert!(status == 200 && body.contains("Fight Club (1999)"), "{body}");
    event["multiValueQueryStringParameters"] = json!({"genre": ["Drama", "no%26such%3Dgenre"]});
    let (status, body) = answer(&event);
    assert!(status == 400 && body.contains("no genre `no&such=genre`"), "{body}");
    let single = event.as_object_mut().unwrap();
    single.remove("multiValueQueryStringParameters");
    single.insert("queryStringParameters".to_owned(), json!({"query": "fight+club%21", "limit": "1"}));
    let (status, body) = answer(&event);
    assert!(status == 200 && body.contains("Fight Club (1999)"), "{body}");
    let (status, body) = answer(&load_balancer("/movies/no%20such%3Fmovie"));
    assert!(status == 404 && body.contains("`no such?movie`"), "{body}");
}

#[test]
fn the_answer_to_a_load_balancer_has_both_kinds_of_headers() {
    let event: Event = serde_json::from_str(&read_event("alb-predict").to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let event = LambdaEvent::new(event, Context::default());
    let answer = runtime.block_on(function(API.clone()).oneshot(event)).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["statusDescription"], "200 OK");
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(answer["multiValueHeaders"]["content-type"], json!(["application/json"]));
}

/// Any JSON. Some of its names occur in events.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "/[ -~]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name = prop_oneof![
            Just("host".to_owned()),
            Just("stage".to_owned()),
            Just("proxy".to_owned()),
            "[a-z-]{1,8}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_path_and_query_are_answered(path in ".{0,40}", query in ".{0,40}", source in 0..3) {
        let event = if source < 2 {
            let mut event = if source == 0 { rest_api(&path) } else { load_balancer(&path) };
            event["multiValueQueryStringParameters"] = json!({query: [path]});
            event
        } else {
            http_api(&path, &query)
        };
        assert_documented(answer(&event));
    }

    #[test]
    fn any_field_may_be_anything(
        name in prop::sample::select(vec!["predict", "predict-http-api", "movies-search", "predict-base64", "alb-predict", "alb-movies-multi-value"]),
        field: prop::sample::Index,
        inner: Option<prop::sample::Index>,
        value in any_json(),
    ) {
        let mut event = read_event(name);
        let pick = |object: &Value, index: prop::sample::Index| {
            let names: Vec<&String> = object.as_object().unwrap().keys().collect();
            index.get(&names).as_str().to_owned()
        };
        let field = pick(&event, field);
        match inner.filter(|_| event[&field].as_object().is_some_and(|object| !object.is_empty())) {
            Some(inner) => { let inner = pick(&event[&field], inner); event[&field][inner] = value; }
            None => event[&field] = value,
        }
        if let Event::Request(_) = serde_json::from_str(&event.to_string()).unwrap() {
            assert_documented(answer(&event));
        } else {
            assert_direct(&answer_directly(&event));
        }
    }

    #[test]
    fn any_json_is_answered(event in any_json()) {
        assert_direct(&answer_directly(&event));
    }
}
