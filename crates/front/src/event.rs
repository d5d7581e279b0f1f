//! Events, before they become requests: the path is cut to the route, and what could not stand in a request is
//! encoded or cut.

use std::collections::HashMap;
use std::fmt::Write;

use axum::http::header::{ACCEPT_ENCODING, HOST};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::alb::AlbTargetGroupRequest;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::LambdaRequest;
use matinee_api::MAX_QUERY_STRING_BYTES;

/// Longer paths and query strings are cut: the router refuses them at this length as at any.
const LONGEST: usize = MAX_QUERY_STRING_BYTES + 1;

/// The event with the path of the route: without stage and base path.
pub fn to_route(event: LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(event) => LambdaRequest::ApiGatewayV1(of_rest_api(event)),
        LambdaRequest::ApiGatewayV2(event) => LambdaRequest::ApiGatewayV2(of_http_api(event)),
        LambdaRequest::Alb(event) => LambdaRequest::Alb(of_load_balancer(event)),
        other => other,
    }
}

/// The path of the event has no stage, but behind a custom domain it has the base path.
fn of_rest_api(mut event: ApiGatewayProxyRequest) -> ApiGatewayProxyRequest {
    let path = event.path.as_deref().unwrap_or_default();
    let resource = event.request_context.resource_path.as_deref().unwrap_or_default();
    let matched = event.path_parameters.get("proxy").filter(|_| resource.contains("{proxy+}"));
    event.path = Some(encoded_path(&without_base_path(path, matched.map_or(resource, String::as_str))));
    event.query_string_parameters = bounded(&event.query_string_parameters);
    event.multi_value_query_string_parameters = bounded(&event.multi_value_query_string_parameters);
    event.is_base64_encoded &= is_base64(event.body.as_deref());
    // Stage and host would come back into the URI, where the router asks for neither.
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    event.headers.remove(HOST);
    // The API compresses by itself, and would hand on as text what is compressed already.
    event.headers.remove(ACCEPT_ENCODING);
    event.multi_value_headers.remove(ACCEPT_ENCODING);
    event
}

/// A load balancer hands path and parameters on as they were sent, encoded. Whether it has one value a name or a list is
/// a setting of its target group.
fn of_load_balancer(mut event: AlbTargetGroupRequest) -> AlbTargetGroupRequest {
    let path = encoded_path(event.path.as_deref().unwrap_or_default());
    let single = std::mem::take(&mut event.query_string_parameters);
    let lists = std::mem::take(&mut event.multi_value_query_string_parameters);
    let pairs = lists_of(if lists.is_empty() { &single } else { &lists });
    let pairs =
        pairs.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}={value}")));
    let query = encoded(&pairs.collect::<Vec<_>>().join("&"), b"/?");
    event.path = Some(if query.is_empty() { path } else { format!("{path}?{query}") });
    event.is_base64_encoded &= is_base64(event.body.as_deref());
    event.headers.remove(HOST);
    event.multi_value_headers.remove(HOST);
    event
}

/// The path of the event begins with a named stage.
fn of_http_api(mut event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpRequest {
    let path = event.raw_path.as_deref().unwrap_or_default();
    let stage = event.request_context.stage.take();
    event.raw_path = Some(encoded_path(without_stage(path, stage.as_deref().unwrap_or("$default"))));
    event.raw_query_string = event.raw_query_string.map(|query| encoded(&query, b"/?"));
    event.is_base64_encoded &= is_base64(event.body.as_deref());
    event.request_context.domain_name = None;
    event.headers.remove(HOST);
    event
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

fn without_stage<'p>(path: &'p str, stage: &str) -> &'p str {
    match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage)) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

fn encoded_path(path: &str) -> String {
    let path = encoded(path, b"/");
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// The text as it can stand in a URI (RFC 3986): some fronts decode what was encoded, and what is encoded stays.
fn encoded(text: &str, separators: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes().take(LONGEST) {
        if byte.is_ascii_alphanumeric() || b"%-._~!$&'()*+,;=:@".contains(&byte) || separators.contains(&byte)
        {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The parameters without names that have no value, and one that is too long in the place of those that are.
fn bounded(parameters: &QueryMap) -> QueryMap {
    if parameters.is_empty() {
        return QueryMap::default();
    }
    let lists = lists_of(parameters);
    let pairs = lists.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    // A pair has an equals sign, and an ampersand before the next.
    let length: usize = pairs.map(|(name, value)| name.len() + value.len() + 2).sum();
    if length <= LONGEST {
        lists.into()
    } else {
        HashMap::from([("x".repeat(LONGEST), String::new())]).into()
    }
}

/// The values of each parameter that has any.
fn lists_of(parameters: &QueryMap) -> HashMap<String, Vec<String>> {
    let lists: Result<HashMap<String, Vec<String>>, _> =
        serde_json::to_value(parameters).and_then(serde_json::from_value);
    let mut lists = lists.unwrap_or_default();
    lists.retain(|_, values| !values.is_empty());
    lists
}

/// Whether a body is what it is said to be; what is not is read as text.
fn is_base64(body: Option<&str>) -> bool {
    body.is_none_or(|body| STANDARD.decode(body).is_ok())
}
