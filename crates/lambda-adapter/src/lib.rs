//! Serves an axum router as a Lambda function, by means of `lambda_http`. REST APIs, HTTP APIs, function URLs and
//! Application Load Balancers send the same request in different ways; here each becomes the same request to the
//! router.
//!
//! Invariant: every event is answered, and a request is answered by the router. `lambda_http` panics on an event that
//! is not a valid HTTP request, so invalid parts are encoded or removed first.

mod direct_invocation;
mod normalize;
mod token;

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

/// Whether this sandbox has not received a request yet.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// Answers the events of Lambda's Runtime API, one after the other.
pub async fn run<S>(router: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
{
    lambda_runtime::run(function(router)).await
}

/// An event that the function receives.
#[derive(Debug)]
pub enum Event {
    /// An HTTP request.
    Request(Box<LambdaRequest>),
    /// Any other JSON.
    Other(Box<RawValue>),
}

/// The answer of the function: an HTTP response in the form of the event, or plain JSON.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<T> {
    Response(T),
    Value(Value),
}

/// The router as a Lambda function.
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
                    let event = LambdaEvent::new(normalize::normalized(*request), context);
                    let answering = {
                        let route = service_fn(move |request| router.clone().oneshot(to_route(request)));
                        Adapter::from(route).call(event)
                    };
                    Answer::Response(answering.await?)
                }
                Event::Other(event) => {
                    Answer::Value(direct_invocation::answer(router, event.get(), &context).await)
                }
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

/// Marks the first request of the sandbox.
fn mark_cold_start(request: &mut Request) {
    request.extensions_mut().insert(ColdStart(IS_COLD.swap(false, Ordering::Relaxed)));
}

/// The request as the router expects it. Its path is the one that was sent, where `..` is not resolved, and its id is
/// Lambda's, which the platform's log lines contain as well. The holder of a checked token is attached.
fn to_route(mut request: Request) -> Request {
    mark_cold_start(&mut request);
    if let Some(sender) = request.request_context_ref().and_then(token::holder) {
        request.extensions_mut().insert(sender);
    }
    if let Some(uri) = with_path(request.uri(), request.raw_http_path()) {
        *request.uri_mut() = uri;
    }
    let request_id = request.lambda_context_ref().map(|context| HeaderValue::from_str(&context.request_id));
    if let Some(Ok(request_id)) = request_id {
        request.headers_mut().insert(REQUEST_ID, request_id);
    }
    request
}

/// A URI with this path and the query of `uri`. The path of a load balancer's event already contains its query.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path_and_query: PathAndQuery = format!("{path}{query}").parse().ok()?;
    Some(Uri::from(path_and_query))
}

#[cfg(test)]
mod tests;
