//! Who may read and write the ratings that a local server keeps.
//!
//! On the loopback address, programs of this machine may. A page of another site that is open in a browser here may not:
//! its requests name another site, in `Origin` or in `Host`. Callers from other machines need the token.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, Uri, header};
use matinee_api::Guard;
use matinee_api::error::ApiError;

/// Guards the routes about single users. Without a token, only callers of this machine may use them.
pub fn guard(token: Option<String>) -> Guard {
    Arc::new(move |uri, headers| if is_about_users(uri) { check(token.as_deref(), headers) } else { Ok(()) })
}

/// Whether the path is one at which ratings are kept.
fn is_about_users(uri: &Uri) -> bool {
    uri.path() == "/ratings" || uri.path().starts_with("/users/")
}

fn check(token: Option<&str>, headers: &HeaderMap) -> Result<(), ApiError> {
    if let Some(token) = token {
        let sent = text(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let is_known = sent.is_some_and(|sent| is_same(sent, token));
        return if is_known { Ok(()) } else { Err(ApiError::WrongToken) };
    }
    let host = text(headers, header::HOST).unwrap_or_default();
    let is_own_origin = text(headers, header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
    if is_own_origin && is_local(host) { Ok(()) } else { Err(ApiError::OtherSite) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(token: Option<&str>, headers: &[(HeaderName, &'static str)]) -> Option<ApiError> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        check(token, &headers).err()
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
            assert_eq!(refusal(None, allowed), None, "{allowed:?}");
        }
        for refused in [
            &[host("127.0.0.1:3000"), origin("https://evil.example")][..],
            &[host("127.0.0.1:3000"), origin("null")],
            &[host("evil.example:3000"), origin("http://evil.example:3000")],
            &[host("evil.example")],
        ] {
            assert_eq!(refusal(None, refused), Some(ApiError::OtherSite), "{refused:?}");
        }
    }

    #[test]
    fn with_a_token_only_its_holder_may() {
        let bearer = |value| [(header::AUTHORIZATION, value), (header::HOST, "movies.example")];
        assert_eq!(refusal(Some("secret"), &bearer("Bearer secret")), None);
        for wrong in ["Bearer secre", "Bearer secrets", "Bearer ", "secret", "Basic secret"] {
            assert_eq!(refusal(Some("secret"), &bearer(wrong)), Some(ApiError::WrongToken), "{wrong}");
        }
        assert_eq!(refusal(Some("secret"), &[]), Some(ApiError::WrongToken));
    }
}
