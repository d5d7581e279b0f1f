//! One middleware sees every request and every answer: it gives the request its id, writes the body of an
//! error, and logs one line. The line has the route and not the path, for paths name users.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use crate::error::ApiError;
use crate::facts::{Facts, Tells};
use crate::sampling::Sampler;

/// The header that carries the id of a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken over from a caller.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// The route of a request that no route takes.
const NO_ROUTE: &str = "none";

/// Whether a request is the first of its sandbox: a face that knows leaves it beside the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColdStart(pub bool);

/// What there was to see of a request, left beside the answer for a face that measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// From the request to the answer.
    pub duration: Duration,
    /// What the answer tells about itself.
    pub facts: Facts,
}

pub(crate) async fn observe(State(sampler): State<Arc<Sampler>>, request: Request, next: Next) -> Response {
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
    let told = response.extensions_mut().remove::<Facts>();
    let facts = error.as_ref().map(Tells::facts).or(told).unwrap_or_default();
    let (status, duration) = (response.status(), begin.elapsed());
    let is_remarkable = status.as_u16() >= 400 || cold_start == Some(true);
    if sampler.takes_next() || is_remarkable {
        tracing::info!(
            request_id,
            %method,
            route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str),
            status = status.as_u16(),
            error = error.as_ref().map(ApiError::code),
            duration_us = duration.as_micros() as u64,
            model_version = facts.model_version,
            cold_start,
            "request"
        );
    }
    response.extensions_mut().insert(Observed { duration, facts });
    response
}

/// The caller's id, if it is one that can stand in a log; otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_fit = |id: &&str| {
        (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    given.filter(is_fit).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

fn write_error(response: &mut Response, error: &ApiError, request_id: &str) {
    let json = serde_json::to_vec(&error.body(request_id)).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(json.len()));
    *response.body_mut() = Body::from(json);
}
