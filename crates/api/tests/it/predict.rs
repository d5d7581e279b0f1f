//! Predictions of a loaded model.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::support::{app, model, predict, send};

/// A score as JSON contains it: in its shortest decimal form.
fn shortest(score: f32) -> f64 {
    score.to_string().parse().unwrap()
}

#[tokio::test]
async fn a_known_pair_is_answered_with_all_fields() {
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
async fn the_prediction_for_an_unknown_user_is_the_movies_average() {
    let answer = predict(app(), r#"{"userId":"new","movieId":"10"}"#).await;
    let model = model();
    let row = model.movie_row(&"10".into());
    assert_eq!(answer.body["score"], shortest(model.factors().score(None, row)));
    assert_eq!((&answer.body["known_user"], &answer.body["known_movie"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_movie_without_ratings_is_answered() {
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

#[tokio::test]
async fn ratings_in_the_request_are_used() {
    let ratings = json!([{"movieId": "10", "rating": 5}, {"movie_id": 20, "rating": 1}, {"movieId": "404", "rating": 3}]);
    let body = json!({"movieId": "30", "ratings": ratings});
    let answer = predict(app(), body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!((&answer.body["known_user"], &answer.body["ratings_counted"]), (&json!(true), &json!(2)));
    assert_eq!(answer.body["unknown_movies"], json!(["404"]));
    // The recommendation of the movie has the same rating.
    let recommended = Request::post("/recommendations?limit=100")
        .body(Body::from(json!({"ratings": ratings}).to_string()))
        .unwrap();
    let recommended = send(app(), recommended).await;
    let movies = recommended.body["recommendations"].as_array().unwrap();
    let same = movies.iter().find(|movie| movie["movie_id"] == "30").unwrap();
    assert_eq!((&answer.body["score"], &answer.body["interval"]), (&same["score"], &same["interval"]));

    let known = json!({"userId": "2", "movieId": "30", "ratings": ratings});
    assert_eq!(
        predict(app(), known.to_string()).await.body,
        answer.body,
        "the ratings are used instead of the user"
    );
    let none = predict(app(), json!({"userId": "2", "movieId": "30", "ratings": []}).to_string()).await;
    assert_eq!((&none.body["known_user"], &none.body["ratings_counted"]), (&json!(false), &json!(0)));

    let wrong =
        json!({"movieId": "30", "ratings": [{"movieId": "10", "rating": 5}, {"movieId": "20", "rating": 9}]});
    let answer = predict(app(), wrong.to_string()).await;
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(message.contains("entry 1 of `ratings`") && message.contains("from 0.5 to 5"), "{message}");
}

#[tokio::test]
async fn one_list_of_ratings_is_used_for_many_movies() {
    let (shared, own) = (json!([{"movieId": "10", "rating": 5}]), json!([{"movieId": "20", "rating": 1}]));
    let body = json!({"ratings": shared, "pairs": [
        {"movieId": "30"}, {"movieId": "30", "ratings": own}, {"userId": "1", "movieId": "404"}, {"userId": "1"},
    ]});
    let batch = Request::post("/predict/batch").body(Body::from(body.to_string())).unwrap();
    let answer = send(app(), batch).await;
    let predictions = answer.body["predictions"].as_array().unwrap();
    for (place, ratings) in [(0, &shared), (1, &own)] {
        let alone = predict(app(), json!({"movieId": "30", "ratings": ratings}).to_string()).await;
        assert_eq!(predictions[place], alone.body);
    }
    let codes: Vec<&serde_json::Value> =
        predictions[2..].iter().map(|entry| &entry["error"]["code"]).collect();
    assert_eq!(codes, ["unknown_movie", "invalid_request"]);
}

#[tokio::test]
async fn any_spelling_and_a_byte_order_mark_are_accepted() {
    let expected = predict(app(), r#"{"userId":"1","movieId":"20"}"#).await.body;
    for body in [r#"{"user_id":"1","movie_id":"20"}"#, "\u{feff}{\"userId\":\"1\",\"movieId\":\"20\"}"] {
        assert_eq!(predict(app(), body).await.body, expected, "{body}");
    }
}
