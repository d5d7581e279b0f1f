//! Events that are not HTTP requests: somebody invokes the function directly, a schedule keeps it warm, or another
//! service was connected to it by mistake.
//!
//! Invariant: each event gets an answer. If the function returned an error instead, Lambda could end the sandbox, and
//! nobody would learn what to do.

use std::convert::Infallible;

use axum::body::to_bytes;
use axum::http::HeaderValue;
use axum::response::Response;
use lambda_http::{Body, Context, Request};
use matinee_api::request::is_spelling;
use matinee_api::response::ErrorAnswer;
use matinee_api::{REQUEST_ID, Sender};
use serde_json::{Map, Value, json};
use tower::{Service, ServiceExt};

/// How an event is answered.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// By a route.
    Route { method: &'static str, path: &'static str, body: String },
    /// Not at all, except by an error. The text describes the event.
    Unknown(String),
}

/// The body of the route's answer. An error has the same form as the errors of the routes.
pub(crate) async fn answer<S>(router: S, event: &str, context: &Context) -> Value
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    match Target::of(&event) {
        Target::Route { method, path, body } => {
            let mut request = Request::new(if body.is_empty() { Body::Empty } else { Body::Text(body) });
            *request.method_mut() = method.parse().unwrap_or_default();
            *request.uri_mut() = path.parse().unwrap_or_default();
            if let Ok(request_id) = HeaderValue::from_str(&context.request_id) {
                request.headers_mut().insert(REQUEST_ID, request_id);
            }
            crate::mark_cold_start(&mut request);
            // IAM decides who may invoke the function.
            request.extensions_mut().insert(Sender::Invoker);
            let Ok(response) = router.oneshot(request).await;
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
            serde_json::from_slice(&body).unwrap_or_default()
        }
        Target::Unknown(what) => {
            tracing::warn!(
                event = what,
                request_id = context.request_id,
                "the function cannot answer this event"
            );
            let message = format!(
                "this event is {what}; the function answers requests from a REST API, an HTTP API, a function URL or an \
                 Application Load Balancer, and events such as {{\"userId\":\"2\",\"movieId\":\"2959\"}}"
            );
            json!(ErrorAnswer::new("unknown_event", message, &context.request_id))
        }
    }
}

impl Target {
    fn of(event: &Value) -> Self {
        let Some(fields) = event.as_object() else { return Self::Unknown(kind(event).to_owned()) };
        let has = |name: &str| fields.keys().any(|field| is_spelling(field, name));
        let post = |path| Self::Route { method: "POST", path, body: event.to_string() };
        if has("pairs") {
            post("/predict/batch")
        } else if has("userId") || has("movieId") {
            post("/predict")
        } else if fields.get("detail-type").is_some_and(|kind| kind == "Scheduled Event") {
            // A schedule that keeps the function warm should also keep its model loaded.
            Self::Route { method: "GET", path: "/health", body: String::new() }
        } else {
            Self::Unknown(description(fields))
        }
    }
}

/// A description of an object that is short enough for a log line.
fn description(fields: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map(|text| text.chars().take(50).collect::<String>());
    let record = fields.get("Records").and_then(|records| records.get(0));
    let sender = |value: &Value| {
        ["eventSource", "EventSource", "source"].iter().find_map(|name| text(value.get(name)?))
    };
    if let Some(sender) = record.and_then(sender) {
        return format!("an event of {sender}");
    }
    if let Some(sender) = fields.get("source").and_then(text) {
        return format!("an event of {sender}");
    }
    if fields.contains_key("requestContext") {
        return "a request of another service".to_owned();
    }
    let names: Vec<String> = fields
        .keys()
        .take(5)
        .map(|name| format!("`{}`", name.chars().take(30).collect::<String>()))
        .collect();
    if names.is_empty() {
        "an empty object".to_owned()
    } else {
        format!("an object with {}", names.join(", "))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description_of(event: Value) -> String {
        match Target::of(&event) {
            Target::Unknown(what) => what,
            route @ Target::Route { .. } => panic!("{route:?}"),
        }
    }

    #[test]
    fn an_event_is_described_by_its_sender() {
        for (event, expected) in [
            (json!(null), "null"),
            (json!([1]), "a list"),
            (json!({}), "an empty object"),
            (json!({"warm": true}), "an object with `warm`"),
            (json!({"source": "aws.s3", "detail-type": "Object Created"}), "an event of aws.s3"),
            (json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}), "an event of aws:sqs"),
            (json!({"Records": [{"EventSource": "aws:sns"}]}), "an event of aws:sns"),
            (json!({"Records": []}), "an object with `Records`"),
            (json!({"requestContext": {"connectionId": "x"}}), "a request of another service"),
        ] {
            assert_eq!(description_of(event), expected);
        }
    }

    #[test]
    fn the_description_of_a_long_event_is_short() {
        let long = "x".repeat(10_000);
        for event in
            [json!({"source": long}), json!({long.clone(): 1}), json!({"Records": [{"eventSource": long}]})]
        {
            assert!(description_of(event).len() < 100);
        }
    }
}
