//! The middleware that sees every request and every answer: it gives the request its id, writes the body of an error,
//! and logs one line. The line has the route instead of the path, because paths contain user ids.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use matinee_serving::{AnswerSummary, ObservedRequest};
use uuid::Uuid;

use super::sampling::Sampler;
use crate::error::ApiError;
use crate::summary::Summarize;

/// The header with the id of a request. Callers may send it, and every answer has it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is accepted from a caller.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// The route in the log line of a request that no route takes.
const NO_ROUTE: &str = "none";

/// Whether a request is the first of its Lambda sandbox. The Lambda adapter attaches it to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColdStart(pub bool);

/// Observes a request, and attaches an [`ObservedRequest`] to the answer for a process that measures.
pub(super) async fn observe(State(sampler): State<Arc<Sampler>>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let request_id = request_id(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let cold_start = request.extensions().get::<ColdStart>().map(|ColdStart(is_cold)| *is_cold);

    let mut response = next.run(request).await;

    let error = response.extensions_mut().remove::<ApiError>();
    if let Some(error) = &error {
        write_error(&mut response, error, &request_id);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let attached = response.extensions_mut().remove::<AnswerSummary>();
    let answer = error.as_ref().map(Summarize::summary).or(attached).unwrap_or_default();
    let (status, duration) = (response.status(), begin.elapsed());
    let is_always_logged = status.as_u16() >= 400 || cold_start == Some(true);
    if sampler.takes_next() || is_always_logged {
        tracing::info!(
            request_id,
            %method,
            route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str),
            status = status.as_u16(),
            error = error.as_ref().map(ApiError::code),
            duration_us = duration.as_micros() as u64,
            model_version = answer.model_version,
            cold_start,
            "request"
        );
    }
    response.extensions_mut().insert(ObservedRequest { duration, answer });
    response
}

/// The caller's id if it can be logged safely; otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let sent = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_safe = |id: &&str| {
        (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    sent.filter(is_safe).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

fn write_error(response: &mut Response, error: &ApiError, request_id: &str) {
    let json = serde_json::to_vec(&error.body(request_id)).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(json.len()));
    *response.body_mut() = Body::from(json);
}
