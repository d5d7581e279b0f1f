//! Where people sign in: the page is told, and may ask that server and no other.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use matinee_api::{Settings, router_with};
use matinee_serving::Reloadable;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::model;

const ALONE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn app(sign_in: Option<&str>) -> Router {
    let sign_in = sign_in.map(|address| address.parse().unwrap());
    router_with(Arc::new(Reloadable::loaded(model())), Settings { sign_in, ..Settings::default() })
}

/// Status, policy and tag of an answer, and its body.
async fn get(app: &Router, path: &str, cached: Option<&str>) -> (StatusCode, String, String, Vec<u8>) {
    let mut request = Request::get(path);
    if let Some(tag) = cached {
        request = request.header("if-none-match", tag);
    }
    let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (status, policy, tag) = (answer.status(), header("content-security-policy"), header("etag"));
    (status, policy, tag, to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec())
}

async fn sign_in_file(app: &Router) -> Value {
    let (status, policy, _, body) = get(app, "/page/sign-in.json", None).await;
    assert_eq!((status, policy.as_str()), (StatusCode::OK, "default-src 'none'; frame-ancestors 'none'"));
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn the_page_asks_nobody_else_unless_people_sign_in() {
    let app = app(None);
    assert_eq!(sign_in_file(&app).await, json!({}));
    for path in ["/", "/page/main.js"] {
        assert_eq!(get(&app, path, None).await.1, ALONE, "{path}");
    }
}

#[tokio::test]
async fn the_page_may_ask_the_server_that_people_sign_in_at() {
    let address = "https://movies.auth.eu-west-1.amazoncognito.com/login?client_id=1a2b&response_type=code";
    let app = app(Some(address));
    let expected = json!({"domain": "movies.auth.eu-west-1.amazoncognito.com", "client_id": "1a2b"});
    assert_eq!(sign_in_file(&app).await, expected);
    let policy = ALONE
        .replace("connect-src 'self'", "connect-src 'self' https://movies.auth.eu-west-1.amazoncognito.com");
    let (_, found, tag, _) = get(&app, "/", None).await;
    assert_eq!(found, policy);
    // A browser takes the policy of an answer that it has cached from here.
    let (status, found, ..) = get(&app, "/", Some(&tag)).await;
    assert_eq!((status, found), (StatusCode::NOT_MODIFIED, policy));
    assert_eq!(get(&app, "/model", None).await.1, "default-src 'none'; frame-ancestors 'none'");
}
