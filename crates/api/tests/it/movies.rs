//! Search, single movies, similar movies, genres, and batches of predictions.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::support::{Answer, app, predict, send};

async fn get(path: &str) -> Answer {
    send(app(), Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_movie_has_its_ids_at_other_places_if_the_data_has_them() {
    for path in ["/movies/10", "/movies?ids=10", "/movies/10/similar"] {
        let answer = get(path).await;
        let movie = match path {
            "/movies/10" => &answer.body,
            "/movies?ids=10" => &answer.body["movies"][0],
            _ => &answer.body["movie"],
        };
        assert_eq!((&movie["imdb_id"], &movie["tmdb_id"]), (&json!("0000010"), &json!("110")), "{path}");
    }
    let answer = get("/movies/20").await;
    assert_eq!((answer.body.get("imdb_id"), answer.body.get("tmdb_id")), (None, None));
}

#[tokio::test]
async fn movies_are_found_by_title() {
    let answer = get("/movies?query=twenyt").await;
    let expected = json!({"movies": [
        {"movie_id": "20", "title": "Twenty, The (2020)", "display_title": "The Twenty", "genres": ["Drama"], "year": 2020, "rating_count": 2},
    ]});
    assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
    assert_eq!(get("/movies?query=t&limit=2").await.body["movies"].as_array().unwrap().len(), 2);
    for path in ["/movies?query=t&limit=0", "/movies?query=t&limit=101", "/movies?cursor=20"] {
        assert_eq!(get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

fn ids(answer: &Answer, list: &str) -> Vec<String> {
    let movies = answer.body[list].as_array().unwrap();
    movies.iter().map(|movie| movie["movie_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn without_a_query_the_most_rated_movies_come_first_and_filters_apply() {
    let all = get("/movies").await;
    assert_eq!(
        ids(&all, "movies"),
        ["10", "20", "30", "40"],
        "the first three have two ratings each, the last has none"
    );
    assert_eq!(ids(&get("/movies?query=").await, "movies").len(), 4, "an empty parameter counts as missing");
    for (query, expected) in [
        ("genre=drama&exclude=10", &["20", "40"][..]),
        ("yearFrom=2015&yearTo=2035", &["20", "30"]),
        ("year_from=2015&exclude=20,30", &["40"]),
        ("exclude=20&exclude=30&exclude=404", &["10", "40"]),
        ("query=t&genre=Drama", &["10", "20"]),
        ("query=t&exclude=10", &["20", "30"]),
    ] {
        let answer = get(&format!("/movies?{query}")).await;
        let mut found = ids(&answer, "movies");
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let typo = get("/movies?genre=Drama,Dramma").await;
    assert_eq!(typo.status, StatusCode::BAD_REQUEST);
    assert!(typo.body["error"]["message"].as_str().unwrap().contains("no genre `Dramma`"), "{typo:?}");
}

#[tokio::test]
async fn the_pages_together_are_the_whole_list() {
    for (path, list, between) in [
        ("/movies", "movies", '?'),
        ("/movies?query=t", "movies", '&'),
        ("/movies/30/similar", "similar", '?'),
    ] {
        let all = ids(&get(path).await, list);
        let mut joined = Vec::new();
        let mut next = format!("{path}{between}limit=1");
        for _ in 0..=all.len() {
            let page = get(&next).await;
            joined.extend(ids(&page, list));
            match page.body["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}{between}limit=1&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(joined, all, "{path}");
        let stale = get(&format!("{path}{between}cursor=00112233445566771")).await;
        let code = &stale.body["error"]["code"];
        assert_eq!((stale.status, code), (StatusCode::BAD_REQUEST, &json!("stale_cursor")), "{path}");
    }
}

#[tokio::test]
async fn one_request_can_ask_for_many_ids() {
    for path in ["/movies?ids=30,404,10", "/movies?ids=30&ids=404&ids=10,30"] {
        let answer = get(path).await;
        assert_eq!(ids(&answer, "movies"), ["30", "10"], "{path}");
        assert_eq!(answer.body["unknown_movies"], json!(["404"]), "{path}");
        assert_eq!(answer.body["movies"][0], get("/movies/30").await.body);
    }
    let many = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(get(&format!("/movies?ids={}", many(100))).await.status, StatusCode::OK);
    for path in [format!("/movies?ids={}", many(101)), "/movies?ids=10&query=ten".to_owned()] {
        let answer = get(&path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body["error"]["message"].as_str().unwrap().contains("`ids`"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_movie_is_described_and_similar_movies_are_listed() {
    let answer = get("/movies/30").await;
    let expected = json!({
        "movie_id": "30", "title": "Thirty (2030)", "display_title": "Thirty", "genres": [], "year": 2030,
        "rating_count": 2, "rating_histogram": [0, 0, 0, 0, 0, 1, 0, 0, 1, 0],
    });
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
async fn a_batch_keeps_its_order_and_has_an_error_for_each_invalid_pair() {
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
    let largest = batch(many(1_000)).await;
    assert_eq!(largest.body["predictions"], json!(vec![predictions[0].clone(); 1_000]));
    assert_eq!(batch(many(1_001)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(batch("{}".to_owned()).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_movies_to_begin_with_are_those_that_people_disagree_about() {
    let answer = get("/start").await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut found = ids(&answer, "movies");
    found.sort_unstable();
    assert_eq!(found, ["10", "20", "30"], "nobody has rated 40");
    assert!(answer.headers.contains_key("etag"));
}

#[tokio::test]
async fn a_movie_tells_how_often_it_got_each_rating() {
    let histogram = json!([0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(get("/movies/20").await.body["rating_histogram"], histogram);
    assert_eq!(get("/movies/20/similar").await.body["movie"]["rating_histogram"], histogram);
    assert_eq!(get("/movies").await.body["movies"][0].get("rating_histogram"), None);
}
