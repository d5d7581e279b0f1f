//! A model whose users are in a file answers as the same model in memory does, also with ratings that came in since, and
//! in the container.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use matinee_api::inference;
use matinee_model::Model;
use matinee_serving::Reloadable;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{live_app_over, model, status_and_body, stored_model};

/// Status and body, without what names the model, and without times.
async fn ask(app: &Router, method: &Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let content = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).body(content).unwrap();
    let (status, mut answer) = status_and_body(app, request).await;
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|name, _| name != "model_version" && name != "next_cursor");
        for rating in fields.get_mut("ratings").and_then(Value::as_array_mut).into_iter().flatten() {
            rating.as_object_mut().unwrap().remove("timestamp");
        }
        fields.get_mut("error").map(|error| error.as_object_mut().unwrap().remove("request_id"));
        fields.remove("rated_at");
    }
    (status, answer)
}

#[tokio::test]
async fn ratings_that_came_in_count_alike() {
    let (memory, _kept) = live_app_over(Reloadable::loaded(model()));
    let (file, _also_kept) = live_app_over(Reloadable::loaded(stored_model()));
    let questions = |user: &str| {
        [
            (Method::POST, "/predict".to_owned(), json!({"userId": user, "movieId": "30"})),
            (
                Method::POST,
                "/predict/batch".to_owned(),
                json!({"pairs": [{"userId": user, "movieId": "20"}]}),
            ),
            (Method::GET, format!("/users/{user}/recommendations?minRating=0.5"), Value::Null),
            (Method::GET, format!("/users/{user}/ratings"), Value::Null),
        ]
    };
    let changes = [
        (Method::GET, "/health", Value::Null),
        (Method::PUT, "/users/1/ratings/40", json!({"rating": 5.0})),
        (Method::PUT, "/users/new/ratings/10", json!({"rating": 0.5})),
        (Method::DELETE, "/users/1/ratings/10", Value::Null),
        (Method::PUT, "/users/2/hidden/40", Value::Null),
        (Method::DELETE, "/users/1", Value::Null),
    ];
    for (method, path, body) in changes {
        assert_eq!(ask(&file, &method, path, &body).await.0, ask(&memory, &method, path, &body).await.0);
        for user in ["1", "2", "3", "new", "nobody"] {
            for (method, path, body) in questions(user) {
                let expected = ask(&memory, &method, &path, &body).await;
                let found = ask(&file, &method, &path, &body).await;
                if path == "/predict/batch" {
                    let score = |answer: &Value| answer["predictions"][0]["score"].clone();
                    assert_eq!(score(&found.1), score(&expected.1), "{user}: {body}");
                } else {
                    assert_eq!(found, expected, "{user}: {path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_container_answers_alike_in_every_format() {
    let records = [
        ("application/json", r#"{"userId":"1","movieId":"20"}"#.to_owned()),
        (
            "application/json",
            r#"[{"userId":"1","movieId":"20"},{"userId":"x","movieId":"10"},{"userId":1}]"#.to_owned(),
        ),
        ("application/jsonlines", "{\"userId\":\"3\",\"movieId\":\"20\"}\n{}\n".to_owned()),
        ("text/csv", "userId,movieId\n1,20\n2,10\n9,9\n".to_owned()),
        // So many that they are answered in several parts, on a thread of their own.
        ("text/csv", "1,20\n2,30\n3,10\n4,40\n".repeat(1_200)),
    ];
    for (content_type, body) in records {
        let answer = async |model: Model| {
            let app = inference::router(Arc::new(Reloadable::loaded(model)));
            let request = Request::post("/invocations").header("content-type", content_type);
            let answer = app.oneshot(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            String::from_utf8(to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
        };
        let versions = [model(), stored_model()].map(|model| model.manifest().version.to_string());
        let found = answer(stored_model()).await.replace(&versions[1], &versions[0]);
        assert_eq!(found, answer(model()).await, "{content_type}");
    }
}
