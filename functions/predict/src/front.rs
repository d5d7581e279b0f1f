//! What stands in front of the function: REST API, HTTP API and function URL name the same route in
//! different ways.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use matinee_api::{ColdStart, REQUEST_ID};

/// Whether no request came yet.
static IS_COLD: AtomicBool = AtomicBool::new(true);

/// Turns what the front sent into what the router takes: the path without stage or base path, Lambda's id of the
/// request, under which the log lines of the platform stand too, and whether this is the sandbox's first.
pub fn to_route(mut request: Request) -> Request {
    request.extensions_mut().insert(ColdStart(IS_COLD.swap(false, Ordering::Relaxed)));
    let path = route_path(&request);
    if let Some(uri) = with_path(request.uri(), &path) {
        *request.uri_mut() = uri;
    }
    let request_id = request.lambda_context_ref().map(|context| HeaderValue::from_str(&context.request_id));
    if let Some(Ok(request_id)) = request_id {
        request.headers_mut().insert(REQUEST_ID, request_id);
    }
    request
}

fn route_path(request: &Request) -> String {
    let path = request.raw_http_path();
    match request.request_context_ref() {
        // The path of the event has no stage, but behind a custom domain it has the base path.
        Some(RequestContext::ApiGatewayV1(context)) => {
            let resource = context.resource_path.as_deref().unwrap_or_default();
            let parameters = request.path_parameters();
            match parameters.first("proxy").filter(|_| resource.contains("{proxy+}")) {
                Some(rest) => without_base_path(path, rest),
                None => without_base_path(path, resource),
            }
        }
        // The path of the event begins with a named stage.
        Some(RequestContext::ApiGatewayV2(context)) => {
            let stage = context.stage.as_deref().unwrap_or("$default");
            without_stage(path, stage)
        }
        _ => path.to_owned(),
    }
}

/// Cuts `path` to as many segments as the API's resource has (`/movies/{movieId}` has two), or as what a greedy
/// resource (`/{proxy+}`) has matched.
fn without_base_path(path: &str, resource: &str) -> String {
    let count = |path: &str| path.split('/').filter(|segment| !segment.is_empty()).count();
    let extra = count(path).saturating_sub(count(resource));
    if resource.is_empty() || extra == 0 {
        return path.to_owned();
    }
    let kept: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).skip(extra).collect();
    format!("/{}", kept.join("/"))
}

fn without_stage(path: &str, stage: &str) -> String {
    match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage)) {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path.to_owned(),
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path_and_query: PathAndQuery = format!("{path}{query}").parse().ok()?;
    Some(Uri::from(path_and_query))
}
