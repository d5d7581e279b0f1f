//! What stands in front of the function: REST API, HTTP API and function URL name the same route in different
//! ways, and this makes the router a function that takes the events of each.
//!
//! Invariant: an event that can be read at all is answered by the router. What comes from a caller and cannot stand
//! in a request, at which `lambda_http` would panic, is made harmless before.

mod event;

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, Request, RequestExt, lambda_runtime};
use lambda_runtime::LambdaEvent;
use matinee_api::{ColdStart, REQUEST_ID};
use serde::Serialize;
use tower::{Service, ServiceExt};

/// Whether no request came yet.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// Answers the events of Lambda's Runtime API, one after the other, by a router.
pub async fn run<S>(router: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    lambda_runtime::run(function(router)).await
}

/// A router as a function.
pub fn function<S>(
    router: S,
) -> impl Service<LambdaEvent<LambdaRequest>, Response: Serialize, Error = Infallible, Future: Send>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    Adapter::from(router.map_request(to_route)).map_request(|event: LambdaEvent<LambdaRequest>| {
        LambdaEvent::new(event::to_route(event.payload), event.context)
    })
}

/// Gives the request the path as it was sent, without what a browser would make of `..`, Lambda's id of the request,
/// under which the log lines of the platform stand too, and whether this is the sandbox's first.
fn to_route(mut request: Request) -> Request {
    request.extensions_mut().insert(ColdStart(IS_COLD.swap(false, Ordering::Relaxed)));
    if let Some(uri) = with_path(request.uri(), request.raw_http_path()) {
        *request.uri_mut() = uri;
    }
    let request_id = request.lambda_context_ref().map(|context| HeaderValue::from_str(&context.request_id));
    if let Some(Ok(request_id)) = request_id {
        request.headers_mut().insert(REQUEST_ID, request_id);
    }
    request
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path_and_query: PathAndQuery = format!("{path}{query}").parse().ok()?;
    Some(Uri::from(path_and_query))
}

#[cfg(test)]
mod tests;
