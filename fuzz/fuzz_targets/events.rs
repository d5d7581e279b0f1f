//! Any JSON as an event: it is answered without a panic, and a request is answered in the documented form.
#![no_main]

use axum::http::StatusCode;
use lambda_http::{Context, LambdaEvent};
use libfuzzer_sys::fuzz_target;
use matinee_api::router;
use matinee_fuzz::{RUNTIME, assert_documented, model};
use matinee_lambda_adapter::{Event, function};
use serde_json::Value;
use std::sync::LazyLock;
use tower::ServiceExt;

static API: LazyLock<axum::Router> = LazyLock::new(|| router(model()));

fuzz_target!(|bytes: &[u8]| {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else { return };
    let is_request = matches!(event, Event::Request(_));
    let answer = RUNTIME.block_on(function(API.clone()).oneshot(LambdaEvent::new(event, Context::default())));
    let answer = serde_json::to_value(answer.expect("it never fails")).expect("JSON");
    if !is_request {
        assert!(answer.is_object(), "{answer}");
        return;
    }
    let status = answer["statusCode"].as_u64().expect("a status") as u16;
    let body = answer["body"].as_str().unwrap_or_default();
    // Answers to HEAD have no body, and binary bodies are encoded.
    let body = if answer["isBase64Encoded"] == Value::Bool(true) { "" } else { body };
    assert_documented(StatusCode::from_u16(status).expect("a status"), body.as_bytes());
});
