//! Every answer has the headers that tell browsers what they must not do.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use matinee_api::request::PredictRequest;
use matinee_api::response::{ModelAnswer, PredictAnswer};
use matinee_api::scorer::{BatchResult, Scorer, ScorerFuture, Titles};
use matinee_api::{MAX_BODY_BYTES, inference, router};
use matinee_model::Model;
use matinee_serving::Reloadable;
use std::sync::Arc;
use tower::ServiceExt;

use crate::documented::documented;
use crate::support::{app, app_without_model, live_app, model};

async fn ask(app: Router, request: Request<Body>) -> (StatusCode, HeaderMap) {
    let response = app.oneshot(request).await.unwrap();
    (response.status(), response.headers().clone())
}

#[track_caller]
fn assert_secure(what: &str, headers: &HeaderMap) {
    let header = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("{what}: no {name}"));
        assert!(values.next().is_none(), "{what}: {name} twice");
        value.to_str().unwrap()
    };
    let policy = header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    header("cache-control");
}

/// Answers about persons and errors are not cached. Answers about the model are cached for a minute. What belongs to the
/// release, or may change at any time, is revalidated each time.
#[tokio::test]
async fn answers_about_persons_are_not_cached() {
    for route in documented() {
        let (_, headers) = ask(app(), request(&route)).await;
        let expected = match route.as_str() {
            "GET /movies"
            | "GET /movies/{movieId}"
            | "GET /movies/{movieId}/similar"
            | "GET /start"
            | "GET /genres" => "private, max-age=60",
            "GET /" | "GET /page/{file}" | "GET /openapi.json" | "GET /model" | "GET /model/versions" => {
                "no-cache"
            }
            _ => "no-store",
        };
        assert_eq!(headers["cache-control"], expected, "{route}");
        assert_eq!(headers.contains_key("etag"), expected != "no-store", "{route}");
    }
    let unknown = Request::get("/movies/404").body(Body::empty()).unwrap();
    let (_, headers) = ask(app(), unknown).await;
    assert_eq!(headers["cache-control"], "no-store");
}

/// The headers of a 304 replace the cached ones.
#[tokio::test]
async fn a_cached_answer_is_not_sent_again() {
    for route in documented() {
        let (_, first) = ask(app(), request(&route)).await;
        let Some(tag) = first.get("etag") else { continue };
        let mut again = request(&route);
        again.headers_mut().insert("if-none-match", tag.clone());
        let response = app().oneshot(again).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{route}");
        for name in ["etag", "cache-control", "content-security-policy"] {
            assert_eq!(response.headers().get(name), first.get(name), "{route}: {name}");
        }
        assert!(axum::body::to_bytes(response.into_body(), 1).await.unwrap().is_empty(), "{route}");
        let mut other = request(&route);
        other.headers_mut().insert("if-none-match", "\"another\"".parse().unwrap());
        assert_eq!(ask(app(), other).await.0, StatusCode::OK, "{route}");
    }
}

/// A valid request for a documented route, such as `GET /movies/10`.
fn request(route: &str) -> Request<Body> {
    let (method, path) = route.split_once(' ').unwrap();
    let body = match path {
        "/predict" => r#"{"userId":"1","movieId":"10"}"#,
        "/predict/batch" => r#"{"pairs":[{"userId":"1","movieId":"10"}]}"#,
        "/users/{userId}/ratings/{movieId}" => r#"{"rating":4.5}"#,
        "/ratings" => r#"{"ratings":[{"userId":"1","movieId":"10","rating":5}]}"#,
        "/recommendations" => r#"{"ratings":[{"movieId":"10","rating":5}]}"#,
        "/recommendations/together" => {
            r#"{"people":[{"ratings":[{"movieId":"10","rating":5}]},{"ratings":[]}]}"#
        }
        _ => "",
    };
    let path = path.replace("{movieId}", "10").replace("{userId}", "1").replace("{file}", "main.js");
    let path = if path == "/movies" { "/movies?query=ten".to_owned() } else { path };
    Request::builder().method(method).uri(path).body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn every_route_has_the_headers() {
    for route in documented() {
        let (live, _folder) = live_app();
        let (status, headers) = ask(live, request(&route)).await;
        assert!(status.is_success(), "{route}: {status}");
        assert_secure(&route, &headers);
        let (status, headers) = ask(app_without_model(), request(&route)).await;
        let expected = [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE, StatusCode::NOT_FOUND];
        assert!(expected.contains(&status), "{route}: {status}");
        assert_secure(&route, &headers);
    }
}

#[tokio::test]
async fn every_error_has_the_headers() {
    let large = Body::from(vec![b' '; MAX_BODY_BYTES + 1]);
    for (request, expected) in [
        (Request::post("/predict").body(Body::from("{")), 400),
        (Request::get("/movies/%ff").body(Body::empty()), 400),
        (Request::get("/movies/404").body(Body::empty()), 404),
        (Request::get("/nowhere").body(Body::empty()), 404),
        (Request::delete("/model").body(Body::empty()), 405),
        (Request::post("/predict").body(large), 413),
    ] {
        let request = request.unwrap();
        let what = format!("{} {}", request.method(), request.uri());
        let (status, headers) = ask(app(), request).await;
        assert_eq!(status, expected, "{what}");
        assert_secure(&what, &headers);
    }
    let (status, headers) = ask(router(Arc::new(Panicking)), request("GET /model")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_secure("a panic", &headers);
}

#[tokio::test]
async fn every_answer_of_the_container_has_the_headers() {
    let live = || Arc::new(Reloadable::loaded(model()));
    for path in ["/ping", "/execution-parameters", "/none"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (_, headers) = ask(inference::router(live()), request).await;
        assert_secure(path, &headers);
    }
}

/// Panics in every method.
pub struct Panicking;

impl Scorer for Panicking {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer> {
        panic!("a bug that quotes {request:?}")
    }

    fn predict_all<'a>(&'a self, _: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        panic!("a bug")
    }

    fn describe(&self) -> ScorerFuture<'_, ModelAnswer> {
        panic!("a bug")
    }

    fn titles(&self) -> ScorerFuture<'_, Titles> {
        panic!("a bug")
    }

    fn model(&self) -> ScorerFuture<'_, Arc<Model>> {
        panic!("a bug")
    }
}
