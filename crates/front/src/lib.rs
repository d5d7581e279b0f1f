//! What stands in front of the function: REST API, HTTP API, function URL and Application Load Balancer name the same
//! route in different ways, and this makes the router a function that takes the events of each.
//!
//! Invariant: every event is answered, and one that is a request by the router. What comes from a caller and cannot stand
//! in a request, at which `lambda_http` would panic, is made harmless before.

mod direct;
mod event;

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, Request, RequestExt, lambda_runtime, service_fn};
use lambda_runtime::LambdaEvent;
use matinee_api::{ColdStart, REQUEST_ID};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tower::{Service, ServiceExt};

/// Whether no request came yet.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// Answers the events of Lambda's Runtime API, one after the other, by a router.
pub async fn run<S>(router: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
{
    lambda_runtime::run(function(router)).await
}

/// What the function is sent.
#[derive(Debug)]
pub enum Event {
    /// A request, by what stands in front of the function.
    Request(Box<LambdaRequest>),
    /// Any other JSON.
    Other(Box<RawValue>),
}

/// What the function answers: in the form of what stands in front of it, or by itself.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<T> {
    Response(T),
    Value(Value),
}

/// A router as a function.
pub fn function<S>(
    router: S,
) -> impl Service<LambdaEvent<Event>, Response: Serialize, Error = Infallible, Future: Send>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
{
    service_fn(move |LambdaEvent { payload, context }: LambdaEvent<Event>| {
        let router = router.clone();
        async move {
            Ok(match payload {
                Event::Request(request) => {
                    let event = LambdaEvent::new(event::to_route(*request), context);
                    let answering = {
                        let route = service_fn(move |request| router.clone().oneshot(to_route(request)));
                        Adapter::from(route).call(event)
                    };
                    Answer::Response(answering.await?)
                }
                Event::Other(event) => Answer::Value(direct::answer(router, event.get(), &context).await),
            })
        }
    })
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Box::<RawValue>::deserialize(deserializer)?;
        Ok(match serde_json::from_str(event.get()) {
            Ok(request) => Self::Request(Box::new(request)),
            Err(_) => Self::Other(event),
        })
    }
}

/// Says whether this is the sandbox's first request.
fn mark_cold_start(request: &mut Request) {
    request.extensions_mut().insert(ColdStart(IS_COLD.swap(false, Ordering::Relaxed)));
}

/// Gives the request the path as it was sent, without what a browser would make of `..`, Lambda's id of the request,
/// under which the log lines of the platform stand too, and whether this is the sandbox's first.
fn to_route(mut request: Request) -> Request {
    mark_cold_start(&mut request);
    if let Some(uri) = with_path(request.uri(), request.raw_http_path()) {
        *request.uri_mut() = uri;
    }
    let request_id = request.lambda_context_ref().map(|context| HeaderValue::from_str(&context.request_id));
    if let Some(Ok(request_id)) = request_id {
        request.headers_mut().insert(REQUEST_ID, request_id);
    }
    request
}

/// The query of a load balancer's event stands behind its path.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path_and_query: PathAndQuery = format!("{path}{query}").parse().ok()?;
    Some(Uri::from(path_and_query))
}

#[cfg(test)]
mod tests;
