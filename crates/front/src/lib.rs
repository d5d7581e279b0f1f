//! What stands in front of the function: REST API, HTTP API and function URL name the same route in different
//! ways, and this makes the router a function that takes the events of each.
//!
//! Invariant: an event that can be read at all is answered by the router. What comes from a caller and cannot stand
//! in a request, at which `lambda_http` would panic, is made harmless before.

mod event;

use std::convert::Infallible;

use axum::Router;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, Request, RequestExt, lambda_runtime};
use lambda_runtime::LambdaEvent;
use matinee_api::REQUEST_ID;
use serde::Serialize;
use tower::{Service, ServiceExt};

/// Answers the events of Lambda's Runtime API, one after the other.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_runtime::run(function(router)).await
}

/// The router as a function.
pub fn function(
    router: Router,
) -> impl Service<LambdaEvent<LambdaRequest>, Response: Serialize, Error = Infallible, Future: Send> {
    Adapter::from(router.map_request(to_route)).map_request(|event: LambdaEvent<LambdaRequest>| {
        LambdaEvent::new(event::to_route(event.payload), event.context)
    })
}

/// Gives the request the path as it was sent, without what a browser would make of `..`, and Lambda's id of the
/// request, under which the log lines of the platform stand too.
fn to_route(mut request: Request) -> Request {
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
