//! Each request has one log line. The line names nobody and cannot be forged, in text and in JSON.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::{Arc, Once};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Uri};
use matinee_api::{ColdStart, Settings, router_with};
use matinee_serving::Reloadable;
use proptest::prelude::*;
use serde_json::Value;
use tower::ServiceExt;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{app, app_without_model, model};

thread_local! {
    /// The log of this thread, in text and in JSON.
    static LOGS: [Log; 2] = const { [Log(RefCell::new(Vec::new())), Log(RefCell::new(Vec::new()))] };
}

struct Log(RefCell<Vec<u8>>);

/// Writes to one of the logs of the current thread.
struct Writer(usize);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGS.with(|logs| logs[self.0].0.borrow_mut().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Installs one subscriber for all tests. Subscribers of single threads could miss lines while others are installed.
fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let text = tracing_subscriber::fmt::layer().without_time().with_writer(|| Writer(0));
        let json = tracing_subscriber::fmt::layer().without_time().with_writer(|| Writer(1));
        let json = json.json().flatten_event(true);
        tracing_subscriber::registry().with(LevelFilter::INFO).with(text).with(json).init();
    });
}

/// The log of these requests, in text and in JSON.
fn logs(app: impl Fn() -> Router, requests: impl Fn() -> Vec<Request<Body>>) -> [String; 2] {
    subscribe();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let app = app();
    for request in requests() {
        runtime.block_on(app.clone().oneshot(request)).unwrap();
    }
    LOGS.with(|logs| logs.each_ref().map(|log| String::from_utf8(log.0.take()).unwrap()))
}

fn get(uri: impl AsRef<str>) -> Request<Body> {
    Request::get(uri.as_ref()).body(Body::empty()).unwrap()
}

fn post(uri: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(uri).body(body.into()).unwrap()
}

fn json_lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn a_line_has_route_status_time_and_model() {
    let requests = || {
        vec![
            post("/predict", r#"{"userId":"1","movieId":"10"}"#),
            get("/users/nobody/recommendations"),
            get("/no/such/route"),
        ]
    };
    let [text, json] = logs(app, requests);
    assert_eq!(text.lines().count(), 3);
    let lines = json_lines(&json);
    assert_eq!(lines.len(), 3);
    let version = model().manifest().version.to_string();
    assert_eq!(
        (&lines[0]["method"], &lines[0]["route"], &lines[0]["status"], &lines[0]["model_version"]),
        (&"POST".into(), &"/predict".into(), &200.into(), &version.into())
    );
    assert!(lines[0]["duration_us"].is_u64() && lines[0]["request_id"].is_string(), "{}", lines[0]);
    assert_eq!(
        (&lines[1]["route"], &lines[1]["status"], &lines[1]["error"]),
        (&"/users/{userId}/recommendations".into(), &404.into(), &"unknown_user".into())
    );
    assert_eq!((&lines[2]["route"], &lines[2]["error"]), (&"none".into(), &"not_found".into()));
}

#[test]
fn a_line_names_no_user_no_movie_and_no_rating() {
    let requests = || {
        vec![
            post("/predict", r#"{"userId":"marker-a","movieId":"10"}"#),
            post("/predict", r#"{"userId":"1","movieId":"marker-b"}"#),
            post("/predict/batch", r#"{"pairs":[{"userId":"marker-c","movieId":"marker-d"}]}"#),
            post("/recommendations?genre=marker-e", r#"{"ratings":[{"movieId":"marker-f","rating":4.375}]}"#),
            post("/recommendations", r#"{"ratings":[{"movieId":"10","rating":"marker-g"}]}"#),
            get("/users/marker-h/recommendations"),
            get("/movies?query=marker-i"),
            get("/movies/marker-j/similar"),
            get("/marker-k"),
            post("/predict", "marker-l"),
        ]
    };
    for app in [app, app_without_model] {
        for log in logs(app, requests) {
            assert!(!log.contains("marker") && !log.contains("4.375"), "{log}");
            assert!(log.lines().count() >= requests().len(), "{log}");
        }
    }
}

#[test]
fn a_share_of_the_successful_requests_and_every_error_is_logged() {
    let sampled = || {
        let model = Arc::new(Reloadable::loaded(model()));
        router_with(model, Settings { sampling: "0".parse().unwrap(), ..Settings::default() })
    };
    let cold = || {
        let mut request = get("/model");
        request.extensions_mut().insert(ColdStart(true));
        request
    };
    let requests = || vec![cold(), get("/model"), get("/movies/none"), get("/none"), get("/health")];
    let [_, json] = logs(sampled, requests);
    let lines = json_lines(&json);
    let statuses: Vec<&Value> = lines.iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, [200, 404, 404], "the cold start, and the errors");
    assert_eq!(lines[0]["cold_start"], true);
    assert!(lines[1].get("cold_start").is_none(), "only the Lambda adapter knows it");
}

/// Texts that try to end a line and begin another, to control a terminal, or to close a JSON object.
const FORGERIES: [&str; 6] = [
    "x\nINFO request status=200",
    "x\r\n{\"level\":\"INFO\",\"message\":\"request\"}",
    "\u{1b}[2K\u{1b}[1Ax",
    "\",\"status\":200,\"x\":\"",
    "x\u{2028}y\u{85}z",
    "\u{9b}31m",
];

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"))
}

#[track_caller]
fn assert_one_line_per_request(logs: &[String; 2], count: usize) {
    for log in logs {
        let is_plain = |text: char| text == '\n' || !text.is_control();
        assert!(log.chars().all(is_plain) && !log.contains('\u{2028}'), "{log:?}");
        assert_eq!(log.lines().filter(|line| line.contains("duration_us")).count(), count, "{log}");
        assert_eq!(log.lines().count(), count, "{log}");
    }
    for line in json_lines(&logs[1]) {
        assert!(line["route"].is_string() && line["status"].is_u64(), "{line}");
    }
}

#[test]
fn no_text_can_forge_a_line() {
    for forgery in FORGERIES {
        let id = serde_json::json!({"userId": forgery, "movieId": forgery}).to_string();
        let requests = || {
            let mut requests = vec![
                post("/predict", id.clone()),
                post("/predict", forgery.to_owned()),
                get(format!("/users/{}/recommendations", encoded(forgery))),
                get(format!("/movies/{}", encoded(forgery))),
                get(format!("/{}", encoded(forgery))),
                get(format!("/movies?query={}", encoded(forgery))),
            ];
            let mut with_id = get("/model");
            if let Ok(id) = HeaderValue::from_bytes(forgery.as_bytes()) {
                with_id.headers_mut().insert("x-request-id", id);
            }
            requests.push(with_id);
            requests
        };
        assert_one_line_per_request(&logs(app, requests), requests().len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_request_has_one_line(
        path in "/[ -~]{0,40}",
        id in prop::collection::vec(any::<u8>(), 0..40),
        body in ".{0,60}",
    ) {
        prop_assume!(path.parse::<Uri>().is_ok());
        let request = || {
            let mut request = post(&path, body.clone());
            if let Ok(id) = HeaderValue::from_bytes(&id) {
                request.headers_mut().insert("x-request-id", id);
            }
            vec![request]
        };
        assert_one_line_per_request(&logs(app, request), 1);
    }
}
