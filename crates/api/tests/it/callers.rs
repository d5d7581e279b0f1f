//! For which users a caller may act.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use matinee_api::{Access, Sender};
use serde_json::{Value, json};

use crate::documented::documented;
use crate::support::{live_app, live_app_for, status_and_body};

/// A router that checks tokens. Members of `staff` may act for everybody.
fn app() -> (Router, tempfile::TempDir) {
    live_app_for(Access::TokenHolders { group: Some("staff".to_owned()) })
}

fn holder(subject: &str, groups: &[&str]) -> Sender {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Sender::TokenHolder { subject: subject.to_owned(), groups }
}

async fn ask(
    app: &Router,
    sender: Option<&Sender>,
    method: &str,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let mut request = Request::builder().method(method).uri(path).body(body).unwrap();
    if let Some(sender) = sender {
        request.extensions_mut().insert(sender.clone());
    }
    status_and_body(app, request).await
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

/// Every documented route about a user, with this user and a movie.
fn routes_about(user: &str) -> Vec<(String, String)> {
    let documented = documented();
    let about_users = documented.iter().filter(|route| route.contains("{userId}"));
    let routes = about_users.map(|route| {
        let (method, path) = route.split_once(' ').unwrap();
        (method.to_owned(), path.replace("{userId}", user).replace("{movieId}", "10"))
    });
    let routes: Vec<_> = routes.collect();
    assert!(routes.len() >= 7, "{routes:?}");
    routes
}

#[tokio::test]
async fn every_route_about_a_user_asks_for_the_token_of_this_user() {
    let rating = json!({"rating": 4});
    let ann = holder("1", &["readers"]);
    for (method, path) in routes_about("2") {
        let (app, _folder) = app();
        for path in [path.clone(), path.replace("/2", "/%202%20")] {
            let (status, body) = ask(&app, Some(&ann), &method, &path, &rating).await;
            assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "access_denied"), "{method} {path}");
            let (status, body) = ask(&app, None, &method, &path, &rating).await;
            assert_eq!((status, code(&body)), (StatusCode::UNAUTHORIZED, "unauthorized"), "{method} {path}");
        }
        for sender in [holder("3", &["staff"]), Sender::Invoker] {
            let (status, body) = ask(&app, Some(&sender), &method, &path, &rating).await;
            assert!(status.is_success(), "{method} {path} {sender:?}: {body}");
            // The user is known again for the next caller.
            ask(&app, Some(&Sender::Invoker), "PUT", "/users/2/ratings/10", &rating).await;
        }
    }
}

#[tokio::test]
async fn me_is_the_subject_of_the_token() {
    let (app, _folder) = app();
    let ann = holder("5f3c", &[]);
    let ask = async |method: &str, path: &str, body: Value| ask(&app, Some(&ann), method, path, &body).await;
    assert_eq!(ask("PUT", "/users/me/ratings/10", json!({"rating": 5})).await.0, StatusCode::CREATED);
    assert_eq!(ask("PUT", "/users/me/hidden/20", Value::Null).await.0, StatusCode::NO_CONTENT);
    for user in ["me", "5f3c"] {
        let (status, own) = ask("GET", &format!("/users/{user}/ratings"), Value::Null).await;
        assert_eq!((status, &own["ratings"][0]["movie_id"]), (StatusCode::OK, &json!("10")), "{own}");
        assert_eq!(own["hidden_movies"], json!(["20"]));
        let (status, _) = ask("GET", &format!("/users/{user}/recommendations"), Value::Null).await;
        assert_eq!(status, StatusCode::OK);
        let (_, predicted) = ask("POST", "/predict", json!({"userId": user, "movieId": "30"})).await;
        assert_eq!(predicted["known_user"], true, "{predicted}");
    }
    assert_eq!(ask("DELETE", "/users/me", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ask("GET", "/users/me/ratings", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_body_may_name_only_the_own_user() {
    let (app, _folder) = app();
    let ann = holder("1", &[]);
    let ask = async |path: &str, body: Value| ask(&app, Some(&ann), "POST", path, &body).await;

    let (status, body) = ask("/predict", json!({"userId": "2", "movieId": "20"})).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, "access_denied"));
    let by_ratings = json!({"userId": "2", "movieId": "20", "ratings": [{"movieId": "10", "rating": 5}]});
    assert_eq!(ask("/predict", by_ratings).await.0, StatusCode::OK, "ratings in a request belong to nobody");

    let pairs = ["2", "me", "1"].map(|user| json!({"userId": user, "movieId": "20"}));
    let (_, batch) = ask("/predict/batch", json!({ "pairs": pairs })).await;
    assert_eq!(batch["predictions"][0]["error"]["code"], "access_denied", "{batch}");
    assert!(batch["predictions"][1]["score"].is_number(), "{batch}");
    assert_eq!(batch["predictions"][1], batch["predictions"][2]);

    let ratings = ["me", "2", "1"].map(|user| json!({"userId": user, "movieId": "40", "rating": 3}));
    let (_, kept) = ask("/ratings", json!({ "ratings": ratings })).await;
    let status = |place: usize| kept["ratings"][place]["status"].as_str().unwrap_or_default();
    assert_eq!((status(0), status(2)), ("created", "replaced"), "{kept}");
    assert_eq!(kept["ratings"][1]["error"]["code"], "access_denied", "{kept}");
}

#[tokio::test]
async fn what_is_about_nobody_needs_no_token() {
    let (app, _folder) = app();
    for path in ["/movies", "/genres", "/start", "/model", "/health", "/openapi.json", "/"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(app.clone(), request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn where_no_tokens_are_checked_me_is_refused_with_the_remedy() {
    let (app, _folder) = live_app();
    let mut refused: Vec<(StatusCode, Value)> = Vec::new();
    for (method, path) in routes_about("me") {
        refused.push(ask(&app, Some(&holder("1", &[])), &method, &path, &json!({"rating": 4})).await);
    }
    let body = json!({"userId": "me", "movieId": "10"});
    refused.push(ask(&app, None, Method::POST.as_str(), "/predict", &body).await);
    for (status, body) in refused {
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_request"), "{body}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains("`me`") && message.contains("Authorization to cognito"), "{message}");
    }
}
