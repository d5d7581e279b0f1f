//! Answers of a loaded model.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::support::{app, model, predict, send};

/// The number that JSON holds for a score: its shortest decimal form.
fn shortest(score: f32) -> f64 {
    score.to_string().parse().unwrap()
}

#[tokio::test]
async fn a_known_pair_gets_both_fields_of_the_replaced_stack() {
    let answer = predict(app(), r#"{"userId":"1","movieId":"20"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    let model = model();
    let score = shortest(model.predict(&"1".into(), &"20".into()).unwrap().score);
    let expected = json!({
        "predicted_rating": (score * 10.0).round() / 10.0,
        "movie_title": "Twenty, The (2020)",
        "score": score,
        "known_user": true,
        "known_movie": true,
        "model_version": model.manifest().version.as_str(),
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn the_body_is_json_whatever_its_content_type() {
    for content_type in
        [None, Some("application/x-www-form-urlencoded"), Some("text/plain"), Some("application/json")]
    {
        let mut request = Request::post("/predict");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let body = Body::from(r#"{"userId":2,"movieId":10}"#);
        let answer = send(app(), request.body(body).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{content_type:?}");
        assert_eq!(answer.body["movie_title"], "Ten (2010)");
    }
}

#[tokio::test]
async fn an_unknown_user_is_answered_with_the_movies_bias() {
    let answer = predict(app(), r#"{"userId":"new","movieId":"10"}"#).await;
    let model = model();
    let row = model.movie_row(&"10".into());
    assert_eq!(answer.body["score"], shortest(model.factors().score(None, row)));
    assert_eq!((&answer.body["known_user"], &answer.body["known_movie"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_movie_that_nobody_rated_is_answered() {
    let answer = predict(app(), r#"{"userId":"1","movieId":"40"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["movie_title"], "Unrated (2040)");
    assert_eq!((&answer.body["known_user"], &answer.body["known_movie"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn the_model_is_described() {
    let answer = send(app(), Request::get("/model").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["algorithm"], "bias");
    assert_eq!(answer.body["counts"], json!({"users": 3, "movies": 4, "rated_movies": 3, "ratings": 6}));
    assert_eq!(answer.body["version"], model().manifest().version.as_str());
}

#[tokio::test]
async fn health_is_ok_with_a_model() {
    let answer = send(app(), Request::get("/health").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, &answer.body["status"]), (StatusCode::OK, &json!("ok")));
}
