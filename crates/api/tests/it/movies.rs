//! Search, single movies, similar movies, genres, and predictions in batches.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::support::{Answer, app, predict, send};

async fn get(path: &str) -> Answer {
    send(app(), Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn titles_are_searched() {
    let answer = get("/movies?query=twenyt").await;
    let expected = json!({"movies": [
        {"movie_id": "20", "title": "Twenty, The (2020)", "genres": ["Drama"], "year": 2020, "rating_count": 2},
    ]});
    assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
    assert_eq!(get("/movies?query=t&limit=2").await.body["movies"].as_array().unwrap().len(), 2);
    for path in ["/movies", "/movies?query=", "/movies?query=t&limit=0", "/movies?query=t&limit=101"] {
        assert_eq!(get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_movie_is_described_and_has_similar_ones() {
    let answer = get("/movies/30").await;
    let expected =
        json!({"movie_id": "30", "title": "Thirty (2030)", "genres": [], "year": 2030, "rating_count": 2});
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &expected));
    let similar = get("/movies/30/similar").await;
    assert_eq!(similar.body["movie"], expected);
    assert_eq!(similar.body["similar"][0]["movie_id"], "10");
    assert_eq!(get("/movies/40/similar").await.body["similar"], json!([]), "nobody rated it");
    for path in ["/movies/404", "/movies/404/similar"] {
        let answer = get(path).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (StatusCode::NOT_FOUND, &json!("unknown_movie"))
        );
    }
}

#[tokio::test]
async fn genres_are_listed() {
    assert_eq!(get("/genres").await.body, json!({"genres": [{"genre": "Drama", "movie_count": 3}]}));
}

#[tokio::test]
async fn a_batch_keeps_its_order_with_an_error_for_each_bad_pair() {
    let pairs = json!({"pairs": [
        {"userId": "1", "movieId": "20"}, {"userId": "1"}, {"userId": "1", "movieId": "404"}, 7,
        {"userId": "nobody", "movieId": 10},
    ]});
    let batch = |body: String| send(app(), Request::post("/predict/batch").body(Body::from(body)).unwrap());
    let answer = batch(pairs.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let predictions = answer.body["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 5);
    assert_eq!(predictions[0], predict(app(), r#"{"userId":"1","movieId":"20"}"#).await.body);
    assert_eq!(predictions[4], predict(app(), r#"{"userId":"nobody","movieId":"10"}"#).await.body);
    let codes: Vec<&serde_json::Value> =
        predictions[1..4].iter().map(|entry| &entry["error"]["code"]).collect();
    assert_eq!(codes, ["invalid_request", "unknown_movie", "invalid_request"]);

    let many = |count: usize| json!({"pairs": vec![json!({"userId": 1, "movieId": 20}); count]}).to_string();
    assert_eq!(batch(many(1_000)).await.body["predictions"].as_array().unwrap().len(), 1_000);
    assert_eq!(batch(many(1_001)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(batch("{}".to_owned()).await.status, StatusCode::BAD_REQUEST);
}
