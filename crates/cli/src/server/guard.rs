//! Who may read and write the ratings that a local server keeps.
//!
//! On the loopback address, programs of this machine may. A page of another site that is open in a browser here may not:
//! its requests name another site, in `Origin` or in `Host`. Callers from other machines need the token.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use matinee_api::response::ErrorAnswer;

/// Guards the routes about single users. Without a token, only callers of this machine reach the server.
pub fn guarded(app: Router, token: Option<String>) -> Router {
    app.layer(axum::middleware::from_fn_with_state(Arc::new(token), guard))
}

async fn guard(State(token): State<Arc<Option<String>>>, request: Request, next: Next) -> Response {
    if !is_about_users(request.uri()) {
        return next.run(request).await;
    }
    match refusal(token.as_deref(), request.headers()) {
        None => next.run(request).await,
        Some((status, code, message)) => answer(status, code, message),
    }
}

/// Whether the path is one at which ratings are kept.
fn is_about_users(uri: &Uri) -> bool {
    uri.path() == "/ratings" || uri.path().starts_with("/users/")
}

type Refusal = (StatusCode, &'static str, &'static str);

fn refusal(token: Option<&str>, headers: &HeaderMap) -> Option<Refusal> {
    if let Some(token) = token {
        let sent = text(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        return (!sent.is_some_and(|sent| is_same(sent, token))).then_some((
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the header Authorization must be `Bearer TOKEN`, with the token that the server was started with",
        ));
    }
    let host = text(headers, header::HOST).unwrap_or_default();
    let is_own_origin = text(headers, header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
    (!is_own_origin || !is_local(host)).then_some((
        StatusCode::FORBIDDEN,
        "access_denied",
        "the request comes from a page of another site; start the server with --token to let it in",
    ))
}

/// Whether a host is this machine: an address, or `localhost`. Any other name may have been made to lead here.
fn is_local(host: &str) -> bool {
    let without_port =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = without_port.map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.is_empty() || name == "localhost" || address.parse::<IpAddr>().is_ok()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Compares all bytes, so that the time says nothing about where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let difference = one.bytes().zip(other.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
    one.len() == other.len() && difference == 0
}

fn answer(status: StatusCode, code: &'static str, message: &str) -> Response {
    let answer = ErrorAnswer::new(code, message.to_owned(), "");
    let json = serde_json::to_vec(&answer).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(json)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(token: Option<&str>, headers: &[(HeaderName, &'static str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        refusal(token, &headers).map(|(status, ..)| status.as_u16())
    }

    #[test]
    fn without_a_token_this_machine_and_its_own_page_may() {
        let host = |host| (header::HOST, host);
        let origin = |origin| (header::ORIGIN, origin);
        for allowed in [
            &[host("127.0.0.1:3000")][..],
            &[host("localhost:3000"), origin("http://localhost:3000")],
            &[host("[::1]:3000"), origin("http://[::1]:3000")],
            &[],
        ] {
            assert_eq!(status(None, allowed), None, "{allowed:?}");
        }
        for refused in [
            &[host("127.0.0.1:3000"), origin("https://evil.example")][..],
            &[host("127.0.0.1:3000"), origin("null")],
            &[host("evil.example:3000"), origin("http://evil.example:3000")],
            &[host("evil.example")],
        ] {
            assert_eq!(status(None, refused), Some(403), "{refused:?}");
        }
    }

    #[test]
    fn with_a_token_only_its_holder_may() {
        let bearer = |value| [(header::AUTHORIZATION, value), (header::HOST, "movies.example")];
        assert_eq!(status(Some("secret"), &bearer("Bearer secret")), None);
        for wrong in ["Bearer secre", "Bearer secrets", "Bearer ", "secret", "Basic secret"] {
            assert_eq!(status(Some("secret"), &bearer(wrong)), Some(401), "{wrong}");
        }
        assert_eq!(status(Some("secret"), &[]), Some(401));
    }
}
