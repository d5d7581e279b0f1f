//! Any request on any route of either router: it is answered in the documented form, never with a 5xx or a panic.
#![no_main]

use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use matinee_api::{inference, router};
use matinee_fuzz::{RUNTIME, assert_documented, model};
use tower::ServiceExt;

/// The routes. The bytes after the first are the body if the path is complete, else the rest of the path.
const ROUTES: [(&str, &str); 9] = [
    ("POST", "/predict"),
    ("POST", "/predict/batch"),
    ("POST", "/recommendations"),
    ("POST", "/recommendations?"),
    ("GET", "/users/1/recommendations?"),
    ("GET", "/users/"),
    ("GET", "/movies?"),
    ("GET", "/movies/"),
    ("GET", "/"),
];
/// Content types of an invocation, not all of them supported.
const FORMATS: [&str; 4] = ["application/json", "application/jsonlines", "text/csv", "text/plain"];

static API: LazyLock<Router> = LazyLock::new(|| router(model()));
static INFERENCE: LazyLock<Router> = LazyLock::new(|| inference::router(model()));

fuzz_target!(|bytes: &[u8]| {
    let Some((&route, rest)) = bytes.split_first() else { return };
    match ROUTES.get(usize::from(route)) {
        Some((method, path)) => ask_api(method, path, rest),
        None => invoke(usize::from(route), rest),
    }
});

fn ask_api(method: &str, path: &str, rest: &[u8]) {
    let method: Method = method.parse().expect("a method");
    let (uri, body) = if method == Method::POST && !path.ends_with('?') {
        (path.to_owned(), rest)
    } else {
        let (line, body) = cut(rest);
        (format!("{path}{}", String::from_utf8_lossy(line)), body)
    };
    let Ok(uri) = uri.parse::<Uri>() else { return };
    let request = Request::builder().method(method).uri(uri).body(Body::from(body.to_vec()));
    answer(&API, request.expect("a request"));
}

/// An invocation whose first line is the Accept header.
fn invoke(formats: usize, rest: &[u8]) {
    let (accept, body) = cut(rest);
    let request = Request::post("/invocations").header("content-type", FORMATS[formats % FORMATS.len()]);
    let Ok(request) = request.header("accept", accept).body(Body::from(body.to_vec())) else { return };
    answer(&INFERENCE, request);
}

/// The first line, and the rest.
fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

fn answer(router: &Router, request: Request<Body>) {
    RUNTIME.block_on(async {
        let response = router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        assert_documented(status, &body);
    });
}
