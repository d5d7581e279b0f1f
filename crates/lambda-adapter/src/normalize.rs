//! Makes events valid before they become requests: the path is reduced to that of the route, and what is not valid in a
//! request is encoded, shortened or removed.

use std::collections::HashMap;

use axum::http::header::{ACCEPT_ENCODING, HOST};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::alb::AlbTargetGroupRequest;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::LambdaRequest;
use matinee_api::MAX_QUERY_STRING_BYTES;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Longer paths and query strings are cut to this length, which the router still refuses.
const MAX_BYTES: usize = MAX_QUERY_STRING_BYTES + 1;

/// What is encoded in a path (RFC 3986). A percent sign stays, because it belongs to what is encoded already.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'%')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// What is encoded in a query string.
const IN_QUERY: &AsciiSet = &IN_PATH.remove(b'?');

/// The event with the path of the route, without stage and base path.
pub(crate) fn normalized(event: LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(event) => LambdaRequest::ApiGatewayV1(of_rest_api(event)),
        LambdaRequest::ApiGatewayV2(event) => LambdaRequest::ApiGatewayV2(of_http_api(event)),
        LambdaRequest::Alb(event) => LambdaRequest::Alb(of_load_balancer(event)),
        other => other,
    }
}

/// The path of the event does not contain the stage, but behind a custom domain it contains the base path.
fn of_rest_api(mut event: ApiGatewayProxyRequest) -> ApiGatewayProxyRequest {
    let path = event.path.as_deref().unwrap_or_default();
    let resource = event.request_context.resource_path.as_deref().unwrap_or_default();
    let matched = event.path_parameters.get("proxy").filter(|_| resource.contains("{proxy+}"));
    event.path = Some(encoded_path(&without_base_path(path, matched.map_or(resource, String::as_str))));
    event.query_string_parameters = bounded(&event.query_string_parameters);
    event.multi_value_query_string_parameters = bounded(&event.multi_value_query_string_parameters);
    event.is_base64_encoded &= is_base64(event.body.as_deref());
    // `lambda_http` would put stage and host into the URI, and the router needs neither.
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    event.headers.remove(HOST);
    // The API compresses answers itself. It would pass on a compressed answer as text.
    event.headers.remove(ACCEPT_ENCODING);
    event.multi_value_headers.remove(ACCEPT_ENCODING);
    event
}

/// A load balancer passes on path and parameters as they were sent, encoded. A setting of its target group determines
/// whether each parameter has a single value or a list.
fn of_load_balancer(mut event: AlbTargetGroupRequest) -> AlbTargetGroupRequest {
    let path = encoded_path(event.path.as_deref().unwrap_or_default());
    let single = std::mem::take(&mut event.query_string_parameters);
    let lists = std::mem::take(&mut event.multi_value_query_string_parameters);
    let pairs = lists_of(if lists.is_empty() { &single } else { &lists });
    let pairs =
        pairs.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}={value}")));
    let query = encoded(&pairs.collect::<Vec<_>>().join("&"), IN_QUERY);
    event.path = Some(if query.is_empty() { path } else { format!("{path}?{query}") });
    event.is_base64_encoded &= is_base64(event.body.as_deref());
    event.headers.remove(HOST);
    event.multi_value_headers.remove(HOST);
    event
}

/// The path of the event begins with the stage, unless that is `$default`.
fn of_http_api(mut event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpRequest {
    let path = event.raw_path.as_deref().unwrap_or_default();
    let stage = event.request_context.stage.take();
    event.raw_path = Some(encoded_path(without_stage(path, stage.as_deref().unwrap_or("$default"))));
    event.raw_query_string = event.raw_query_string.map(|query| encoded(&query, IN_QUERY));
    event.is_base64_encoded &= is_base64(event.body.as_deref());
    event.request_context.domain_name = None;
    event.headers.remove(HOST);
    event
}

/// Removes the base path: keeps as many segments as the API's resource has (`/movies/{movieId}` has two), or as a
/// greedy resource (`/{proxy+}`) has matched.
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
    let path = encoded(path, IN_PATH);
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// The text as a valid part of a URI. Some event sources decode what the client encoded.
fn encoded(text: &str, characters: &'static AsciiSet) -> String {
    let bytes = &text.as_bytes()[..text.len().min(MAX_BYTES)];
    percent_encode(bytes, characters).to_string()
}

/// The parameters that have values. If they are too long, one parameter that is also too long replaces them all, so
/// that the router refuses the request.
fn bounded(parameters: &QueryMap) -> QueryMap {
    if parameters.is_empty() {
        return QueryMap::default();
    }
    let lists = lists_of(parameters);
    let pairs = lists.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    // Each pair has an equals sign, and an ampersand before the next pair.
    let length: usize = pairs.map(|(name, value)| name.len() + value.len() + 2).sum();
    if length <= MAX_BYTES {
        lists.into()
    } else {
        HashMap::from([("x".repeat(MAX_BYTES), String::new())]).into()
    }
}

/// The values of each parameter that has values.
fn lists_of(parameters: &QueryMap) -> HashMap<String, Vec<String>> {
    let lists: Result<HashMap<String, Vec<String>>, _> =
        serde_json::to_value(parameters).and_then(serde_json::from_value);
    let mut lists = lists.unwrap_or_default();
    lists.retain(|_, values| !values.is_empty());
    lists
}

/// Whether the body is valid base64. A body that is not is read as text.
fn is_base64(body: Option<&str>) -> bool {
    body.is_none_or(|body| STANDARD.decode(body).is_ok())
}
