//! Ratings that come in: they count in the next answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use matinee_live_ratings::stalled::Stalled;
use serde_json::{Value, json};

use crate::support;

/// A server with a file of ratings that exists as long as it does.
struct Server {
    app: Router,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let (app, folder) = support::live_app();
        Self { app, _folder: folder }
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        ask(&self.app, method, path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn rate(&self, path: &str, rating: f64) {
        let (status, body) =
            self.ask(Method::PUT, &format!("/users/{path}"), &json!({ "rating": rating })).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    /// Removes, hides, or forgets.
    async fn do_without_answer(&self, method: Method, path: &str) {
        let (status, body) = self.ask(method, path, &Value::Null).await;
        assert_eq!((status, body), (StatusCode::NO_CONTENT, Value::Null), "{path}");
    }

    async fn predict(&self, user: &str, movie: &str) -> Value {
        let body = json!({"userId": user, "movieId": movie});
        let (status, body) = self.ask(Method::POST, "/predict", &body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn recommended(&self, user: &str) -> Vec<String> {
        let path = format!("/users/{user}/recommendations?minRating=0.5");
        ids(&self.get(&path).await["recommendations"])
    }
}

/// Status and body; a null if there is none.
async fn ask(app: &Router, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).body(body).unwrap();
    support::status_and_body(app, request).await
}

fn ids(movies: &Value) -> Vec<String> {
    let mut ids: Vec<String> = movies
        .as_array()
        .unwrap()
        .iter()
        .map(|movie| movie["movie_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_rating_counts_in_the_next_answer() {
    let server = Server::start();
    let before = server.predict("1", "30").await;
    assert_eq!(server.recommended("1").await, ["30", "40"]);
    server.rate("1/ratings/40", 5.0).await;
    assert_eq!(server.recommended("1").await, ["30"], "what is rated is not recommended");
    let after = server.predict("1", "30").await;
    assert!(after["score"].as_f64() > before["score"].as_f64(), "{before} {after}");
}

#[tokio::test]
async fn the_model_says_whether_ratings_are_kept() {
    assert_eq!(Server::start().get("/model").await["keeps_ratings"], true);
    let (_, body) = ask(&support::app(), Method::GET, "/model", &Value::Null).await;
    assert!(body["version"].is_string() && body["keeps_ratings"].is_null(), "{body}");
}

#[tokio::test]
async fn a_new_user_is_known_from_the_first_rating_on() {
    let server = Server::start();
    let (status, body) = server.ask(Method::GET, "/users/new/recommendations", &Value::Null).await;
    assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "unknown_user"));
    assert_eq!(server.predict("new", "20").await["known_user"], false);

    server.rate("new/ratings/10", 5.0).await;
    assert_eq!(server.predict("new", "20").await["known_user"], true);
    let body = server.get("/users/new/recommendations?minRating=0.5").await;
    assert_eq!(body["ranked_by"], "taste");
    let first = &body["recommendations"][0];
    assert_eq!(
        (&first["movie_id"], &first["because"][0]["movie_id"]),
        (&json!("20"), &json!("10")),
        "{body}"
    );

    let visitor = json!({"ratings": [{"movieId": "10", "rating": 5}], "movieId": "20"});
    let (_, as_visitor) = server.ask(Method::POST, "/predict", &visitor).await;
    assert_eq!(server.predict("new", "20").await["score"], as_visitor["score"], "the same fold-in");
}

#[tokio::test]
async fn whoever_has_no_new_ratings_gets_the_answers_of_the_model_alone() {
    let server = Server::start();
    server.rate("2/ratings/40", 4.0).await;
    let alone = support::app();
    let pair = |user: &str, movie: &str| json!({"userId": user, "movieId": movie});
    let batch = json!({"pairs": [pair("1", "20"), pair("9", "10"), pair("3", "40"), pair("3", "404")]});
    for (method, path, body) in [
        (Method::POST, "/predict", pair("1", "40")),
        (Method::POST, "/predict", pair("9", "40")),
        (Method::POST, "/predict/batch", batch),
        (Method::GET, "/users/3/recommendations", Value::Null),
        (Method::GET, "/users/3/ratings?order=highest", Value::Null),
    ] {
        let expected = ask(&alone, method.clone(), path, &body).await;
        assert_eq!(server.ask(method, path, &body).await, expected, "{path}");
    }
}

#[tokio::test]
async fn what_is_taken_back_leaves_the_trained_answer() {
    let server = Server::start();
    let before = (server.predict("1", "40").await, server.recommended("1").await);
    server.rate("1/ratings/30", 1.0).await;
    assert_ne!((server.predict("1", "40").await, server.recommended("1").await), before);
    server.do_without_answer(Method::DELETE, "/users/1/ratings/30").await;
    assert_eq!((server.predict("1", "40").await, server.recommended("1").await), before);

    let (_, body) = server.ask(Method::PUT, "/users/1/ratings/10", &json!({"rating": 5})).await;
    assert_eq!(body["status"], "created");
    assert_eq!(
        (server.predict("1", "40").await, server.recommended("1").await),
        before,
        "the model knows it"
    );
    server.do_without_answer(Method::DELETE, "/users/1/ratings/10").await;
    assert_eq!(server.recommended("1").await, ["10", "30", "40"], "a trained rating can be taken back");
    server.do_without_answer(Method::DELETE, "/users/1/ratings/20").await;
    assert_eq!(server.predict("1", "40").await["known_user"], false, "nothing is left");
}

#[tokio::test]
async fn the_latest_rating_counts_in_whatever_order_they_arrive() {
    let server = Server::start();
    let rate = async |rating: f64, timestamp: f64| {
        let body = json!({"rating": rating, "timestamp": timestamp});
        server.ask(Method::PUT, "/users/u/ratings/10", &body).await
    };
    assert_eq!(
        rate(4.0, 200.5).await,
        (StatusCode::CREATED, json!({"status": "created", "rating": 4.0, "timestamp": 200.5}))
    );
    let outdated = json!({"status": "outdated", "rating": 4.0, "timestamp": 200.5});
    assert_eq!(rate(1.0, 100.0).await, (StatusCode::OK, outdated));
    assert_eq!(rate(2.0, 300.0).await.1["status"], "replaced");
    server.do_without_answer(Method::DELETE, "/users/u/ratings/10?timestamp=250").await;
    assert_eq!(server.get("/users/u/ratings").await["ratings"][0]["rating"], 2.0);
    server.do_without_answer(Method::DELETE, "/users/u/ratings/10?timestamp=400").await;
    assert_eq!(rate(5.0, 399.0).await.1, json!({"status": "outdated", "timestamp": 400.0}));
    let (status, _) = server.ask(Method::GET, "/users/u/ratings", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hidden_movie_is_never_recommended_and_is_not_a_rating() {
    let server = Server::start();
    let before = server.predict("1", "40").await;
    server.do_without_answer(Method::PUT, "/users/1/hidden/30").await;
    assert_eq!(server.recommended("1").await, ["40"]);
    let all = server.get("/users/1/recommendations?minRating=0.5&includeRated=true").await;
    assert_eq!(ids(&all["recommendations"]), ["10", "20", "40"]);
    assert_eq!(server.predict("1", "40").await, before);
    let own = server.get("/users/1/ratings").await;
    assert_eq!((&own["hidden_movies"], &own["count"]), (&json!(["30"]), &json!(2)));
    server.do_without_answer(Method::DELETE, "/users/1/hidden/30").await;
    assert_eq!(server.recommended("1").await, ["30", "40"]);
}

#[tokio::test]
async fn nothing_answers_for_a_deleted_user() {
    let server = Server::start();
    server.rate("1/ratings/30", 4.0).await;
    server.do_without_answer(Method::DELETE, "/users/1").await;
    for path in ["/users/1/recommendations", "/users/1/ratings"] {
        let (status, body) = server.ask(Method::GET, path, &Value::Null).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "unknown_user"), "{path}");
    }
    assert_eq!(server.predict("1", "40").await, server.predict("nobody", "40").await);
    let late = json!({"rating": 5, "timestamp": 1_445_714_835});
    let (status, body) = server.ask(Method::PUT, "/users/1/ratings/10", &late).await;
    assert_eq!((status, &body["status"], body.get("rating")), (StatusCode::OK, &json!("outdated"), None));

    // In the same millisecond, perhaps.
    server.rate("1/ratings/20", 5.0).await;
    assert_eq!(server.recommended("1").await, ["10", "30", "40"], "who comes back is new");
    server.do_without_answer(Method::DELETE, "/users/1?timestamp=1445714835").await;
    assert_eq!(server.get("/users/1/ratings").await["count"], 1, "an old deletion is repeated");
    server.rate("somebody/ratings/20", 5.0).await;
    assert_eq!(server.predict("1", "40").await, server.predict("somebody", "40").await);
}

#[tokio::test]
async fn own_ratings_are_listed_the_newest_first_with_what_the_model_learned() {
    let server = Server::start();
    let body = json!({"rating": 2.5, "timestamp": 1_445_714_835});
    server.ask(Method::PUT, "/users/1/ratings/30", &body).await;
    server.rate("1/ratings/40", 3.0).await;
    let list = |body: &Value| -> Vec<(String, f64, bool, bool)> {
        let one = |rated: &Value| {
            let is_timed = rated["timestamp"].is_number();
            let rating = rated["rating"].as_f64().unwrap();
            (rated["movie_id"].as_str().unwrap().to_owned(), rating, rated["learned"] == true, is_timed)
        };
        body["ratings"].as_array().unwrap().iter().map(one).collect()
    };
    let newest = server.get("/users/1/ratings").await;
    let found = list(&newest);
    assert_eq!(found[..2], [("40".to_owned(), 3.0, false, true), ("30".to_owned(), 2.5, false, true)]);
    assert!(found[2..].iter().all(|rated| rated.2 && !rated.3), "{newest}");
    assert_eq!(newest["ratings"][1]["timestamp"], 1_445_714_835.0);
    let highest = list(&server.get("/users/1/ratings?order=highest").await);
    assert_eq!(highest.iter().map(|rated| rated.1).collect::<Vec<_>>(), [5.0, 3.0, 2.5, 1.0]);
    let page = server.get("/users/1/ratings?limit=3").await;
    let next = page["next_cursor"].as_str().unwrap();
    assert_eq!(list(&server.get(&format!("/users/1/ratings?limit=3&cursor={next}")).await), found[3..]);
    let (status, body) = server.ask(Method::GET, "/users/1/ratings?order=oldest", &Value::Null).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_request"));
}

#[tokio::test]
async fn a_batch_keeps_its_order_and_says_what_is_wrong_with_each_rating() {
    let server = Server::start();
    let body = json!({"ratings": [
        {"userId": "a", "movieId": 10, "rating": 4},
        {"userId": "a", "movieId": 404, "rating": 4},
        {"userId": "b", "movieId": 10, "rating": 5.5},
        {"userId": "b", "movieId": 10, "rating": 4, "timestamp": 1e12},
        {"userId": "b", "movieId": 20, "rating": 3},
    ]});
    for status in ["created", "replaced"] {
        let (_, answer) = server.ask(Method::POST, "/ratings", &body).await;
        let ratings = answer["ratings"].as_array().unwrap();
        assert_eq!((&ratings[0]["status"], &ratings[4]["status"]), (&json!(status), &json!(status)));
        let codes: Vec<&str> = ratings[1..4].iter().map(code).collect();
        assert_eq!(codes, ["unknown_movie", "invalid_request", "invalid_request"], "{answer}");
        assert!(ratings[2]["error"]["message"].as_str().unwrap().contains("from 0.5 to 5"), "{answer}");
    }
    assert_eq!(server.get("/users/b/ratings").await["count"], 1);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_by_name() {
    let server = Server::start();
    let long = "x".repeat(257);
    for (path, body, named) in [
        ("1/ratings/10", json!({"rating": 5.5}), "from 0.5 to 5"),
        ("1/ratings/10", json!({"rating": "5"}), "`rating`"),
        ("1/ratings/10", json!({"rating": 5, "timestamp": -1}), "`timestamp`"),
        ("1/ratings/404", json!({"rating": 5}), "`404`"),
        ("1/hidden/404", Value::Null, "`404`"),
        ("%20/ratings/10", json!({"rating": 5}), "`userId`"),
        ("1/hidden/10?timestamp=x", Value::Null, "`timestamp`"),
        ("1/ratings/10?timestamp=5", json!({"rating": 5}), "`timestamp` is not a parameter"),
        ("1/hidden/10?time=5", Value::Null, "`time` is not a parameter"),
        ("1/hidden/10?timestamp=5&timestamp=6", Value::Null, "occurs twice"),
        ("1/hidden/10?timestamp=", Value::Null, "`timestamp`"),
        ("1/hidden/10", json!({"timestamp": 5}), "does not read the body; send `timestamp` as a parameter"),
        ("a%0Ab/ratings/10", json!({"rating": 5}), "control character"),
        ("undefined/ratings/10", json!({"rating": 5}), "missing value"),
        (&format!("1/ratings/{long}"), json!({"rating": 5}), "256"),
        (&format!("{long}/hidden/10"), Value::Null, "256"),
    ] {
        let (status, answer) = server.ask(Method::PUT, &format!("/users/{path}"), &body).await;
        assert!(status.is_client_error(), "{path}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(named), "{path}: {answer}");
    }
    let (status, _) = server.ask(Method::GET, "/users/x/ratings", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nothing was kept");
}

#[tokio::test]
async fn a_server_that_keeps_nothing_says_how_to_change_that() {
    let app = support::app();
    for (method, path) in [
        (Method::PUT, "/users/1/ratings/10"),
        (Method::DELETE, "/users/1/ratings/10"),
        (Method::PUT, "/users/1/hidden/10"),
        (Method::DELETE, "/users/1/hidden/10"),
        (Method::DELETE, "/users/1"),
        (Method::POST, "/ratings"),
    ] {
        let body = json!({"rating": 4, "ratings": []});
        let (status, answer) = ask(&app, method, path, &body).await;
        assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "live_ratings_off"), "{path}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("--ratings FILE") && message.contains("LiveRatings"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_answers_alone_and_says_so_if_the_store_does_not_answer() {
    let (app, alone) = (support::app_with(Arc::new(Stalled)), support::app());
    let pair = json!({"userId": "1", "movieId": "40"});
    for (method, path, body, place) in [
        (Method::POST, "/predict", pair.clone(), ""),
        (Method::POST, "/predict/batch", json!({ "pairs": [pair] }), "/predictions/0"),
        (Method::GET, "/users/1/recommendations", Value::Null, ""),
        (Method::GET, "/users/1/ratings?order=highest", Value::Null, ""),
    ] {
        let (status, mut answer) = ask(&app, method.clone(), path, &body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        let flagged = answer.pointer_mut(place).unwrap().as_object_mut().unwrap();
        assert_eq!(flagged.remove("live_ratings"), Some(json!("unavailable")), "{path}");
        assert_eq!(answer, ask(&alone, method, path, &body).await.1, "{path}");
    }
    for (method, path) in [
        (Method::PUT, "/users/1/ratings/10"),
        (Method::DELETE, "/users/1"),
        (Method::GET, "/users/new/recommendations"),
    ] {
        let (status, answer) = ask(&app, method, path, &json!({"rating": 4})).await;
        assert_eq!((status, code(&answer)), (StatusCode::SERVICE_UNAVAILABLE, "live_ratings_unavailable"));
    }
}
