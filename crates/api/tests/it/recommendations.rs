//! Recommendations.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, app, model, send};

async fn get(path: &str) -> Answer {
    send(app(), Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(path: &str, body: &Value) -> Answer {
    send(app(), Request::post(path).body(Body::from(body.to_string())).unwrap()).await
}

fn ids(answer: &Answer) -> Vec<&str> {
    let movies = answer.body["recommendations"].as_array().unwrap();
    movies.iter().map(|movie| movie["movie_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn recommendations_are_unrated_movies_with_reasons_that_add_up() {
    let ratings = json!({"ratings": [{"movieId": "10", "rating": 5}, {"movieId": 404, "rating": 3}]});
    let answer = post("/recommendations?minRating=0.5", &ratings).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body["unknown_movies"], json!(["404"]));
    assert_eq!(answer.body["ranked_by"], "taste");
    let mut movies = ids(&answer);
    assert_eq!(movies[0], "20", "a drama, like 10");
    movies.sort_unstable();
    assert_eq!(movies, ["20", "30", "40"]);
    for movie in answer.body["recommendations"].as_array().unwrap() {
        let because = movie["because"].as_array().unwrap();
        let named: f64 = because.iter().map(|reason| reason["contribution"].as_f64().unwrap()).sum();
        let other = movie["other_contributions"].as_f64().unwrap();
        assert!((named + other - movie["rank_score"].as_f64().unwrap()).abs() < 1e-6, "{movie}");
    }
    let first = &answer.body["recommendations"][0];
    assert_eq!(first["because"][0]["title"], "Ten (2010)");
    assert_eq!((&first["year"], &first["rating_count"]), (&json!(2020), &json!(2)));
}

#[tokio::test]
async fn the_ratings_of_a_user_are_listed_the_highest_first() {
    let answer = get("/users/1/ratings").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let rated = |answer: &Answer| -> Vec<(String, f64)> {
        let ratings = answer.body["ratings"].as_array().unwrap().iter();
        ratings
            .map(|movie| {
                (movie["display_title"].as_str().unwrap().to_owned(), movie["rating"].as_f64().unwrap())
            })
            .collect()
    };
    assert_eq!(rated(&answer), [("Ten".to_owned(), 5.0), ("The Twenty".to_owned(), 1.0)]);
    assert_eq!((&answer.body["count"], answer.body.get("next_cursor")), (&json!(2), None));
    let first = get("/users/1/ratings?limit=1").await;
    assert_eq!((rated(&first), &first.body["count"]), (vec![("Ten".to_owned(), 5.0)], &json!(2)));
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let next = get(&format!("/users/1/ratings?limit=1&cursor={cursor}")).await;
    assert_eq!(rated(&next), [("The Twenty".to_owned(), 1.0)]);
    assert_eq!(rated(&get("/users/1/ratings?yearFrom=2015").await), [("The Twenty".to_owned(), 1.0)]);
    let unknown = get("/users/nobody/ratings").await;
    assert_eq!(
        (unknown.status, &unknown.body["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("unknown_user"))
    );
}

#[tokio::test]
async fn without_a_taste_the_most_rated_movies_come_first() {
    for ratings in [json!({"ratings": []}), json!({"ratings": [{"movieId": "40", "rating": 1}]})] {
        let answer = post("/recommendations?limit=3&minRating=0.5", &ratings).await;
        assert_eq!((answer.status, &answer.body["ranked_by"]), (StatusCode::OK, &json!("popularity")));
        assert_eq!(ids(&answer), ["10", "20", "30"]);
        let first = &answer.body["recommendations"][0];
        assert_eq!(first["because"], json!([]));
        // No rating contributes to the popularity of a movie.
        assert_eq!(first.get("other_contributions"), None, "{first}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_model_is_refused() {
    let ratings = json!({"ratings": [{"movieId": "20", "rating": 4.5}]});
    let first = post("/recommendations?limit=1", &ratings).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let version = first.body["model_version"].as_str().unwrap();
    assert!(cursor.starts_with(version), "{cursor}");
    let other = cursor.replace(version, "0011223344556677");
    let answer = post(&format!("/recommendations?limit=1&cursor={other}"), &ratings).await;
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("stale_cursor")));
    assert!(error["message"].as_str().unwrap().contains("start again without it"), "{error}");
}

#[tokio::test]
async fn excluded_movies_are_not_recommended() {
    let body = json!({"ratings": [{"movie_id": "20", "rating": 5}], "exclude": [30, "404"]});
    assert_eq!(ids(&post("/recommendations", &body).await), ["10", "40"]);
    assert_eq!(ids(&post("/recommendations?exclude=10", &body).await), ["40"]);
    assert_eq!(ids(&get("/users/1/recommendations?exclude=30,404").await), ["40"]);
    let wrong = json!({"ratings": [], "exclude": ["10", null]});
    let answer = post("/recommendations", &wrong).await;
    let message = answer.body["error"]["message"].as_str().unwrap().to_owned();
    assert!(
        answer.status == StatusCode::BAD_REQUEST && message.contains("entry 1 of `exclude`"),
        "{message}"
    );
}

#[tokio::test]
async fn movies_of_any_of_several_genres_are_admitted() {
    let ratings = json!({"ratings": [{"movieId": "20", "rating": 5}]});
    for query in ["genre=Drama&genre=drama", "genre=drama,Drama", "genre=Drama"] {
        let mut found: Vec<String> = ids(&post(&format!("/recommendations?{query}"), &ratings).await)
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.sort_unstable();
        assert_eq!(found, ["10", "40"], "{query}");
    }
    let typo = post("/recommendations?genre=Drama&genre=War", &ratings).await;
    assert!(typo.body["error"]["message"].as_str().unwrap().contains("no genre `War`"), "{typo:?}");
}

#[tokio::test]
async fn the_pages_have_no_gap_and_no_overlap() {
    let ratings = json!({"ratings": [{"movieId": "20", "rating": 4.5}]});
    let query = "includeRated=true&minRating=0.5";
    let all = post(&format!("/recommendations?{query}"), &ratings).await;
    assert_eq!((ids(&all).len(), &all.body["next_cursor"]), (4, &Value::Null));
    let mut joined = Vec::new();
    let mut path = format!("/recommendations?{query}&limit=1");
    for _ in 0..4 {
        let page = post(&path, &ratings).await;
        joined.extend(ids(&page).into_iter().map(str::to_owned));
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/recommendations?{query}&limit=1&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(joined, ids(&all));
}

#[tokio::test]
async fn movies_are_filtered_by_genre_and_year() {
    let ratings = json!({"ratings": [{"movieId": "20", "rating": 5}]});
    let dramas = post("/recommendations?genre=drama&yearTo=2020", &ratings).await;
    assert_eq!(ids(&dramas), ["10"]);
    let late = post("/recommendations?yearFrom=2025", &ratings).await;
    assert_eq!(ids(&late), ["30", "40"]);
    let none = post("/recommendations?yearFrom=2050", &ratings).await;
    assert_eq!((none.status, ids(&none).len()), (StatusCode::OK, 0));
    let typo = post("/recommendations?genre=Dramma", &ratings).await;
    assert_eq!(typo.status, StatusCode::BAD_REQUEST);
    assert!(typo.body["error"]["message"].as_str().unwrap().contains("it has Drama"), "{typo:?}");
}

#[tokio::test]
async fn a_user_of_the_training_data_needs_no_ratings() {
    let answer = get("/users/1/recommendations").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!ids(&answer).contains(&"10") && !ids(&answer).contains(&"20"));
    let all = get("/users/1/recommendations?includeRated=true").await;
    let model = model();
    for movie in all.body["recommendations"].as_array().unwrap() {
        let id = movie["movie_id"].as_str().unwrap();
        let predicted = model.predict(&"1".into(), &id.into()).unwrap().score;
        assert!((movie["score"].as_f64().unwrap() - f64::from(predicted)).abs() < 1e-5, "{movie}");
    }
    let unknown = get("/users/nobody/recommendations").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.body["error"]["code"], "unknown_user");
}

#[tokio::test]
async fn the_error_of_an_invalid_rating_names_its_position() {
    let good = json!({"movieId": "10", "rating": 5});
    for (bad, named) in [
        (json!({"movieId": "10"}), "`rating`"),
        (json!({"movieId": "10", "rating": 6}), "from 0.5 to 5"),
        (json!({"movieId": "10", "rating": "5"}), "`rating`"),
        (json!({"rating": 5}), "`movieId`"),
        (json!(7), "object"),
    ] {
        let answer = post("/recommendations", &json!({"ratings": [good, bad]})).await;
        let message = answer.body["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{message}");
        assert!(message.contains("entry 1 of `ratings`") && message.contains(named), "{message}");
    }
    for body in [json!({}), json!({"ratings": 5}), json!([])] {
        assert_eq!(post("/recommendations", &body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn nothing_is_recommended_below_the_floor() {
    let ratings = json!({"ratings": [{"movieId": "10", "rating": 4.5}]});
    let predicted = |answer: &Answer| -> Vec<f64> {
        let movies = answer.body["recommendations"].as_array().unwrap();
        movies.iter().map(|movie| movie["score"].as_f64().unwrap()).collect()
    };
    let all = post("/recommendations?minRating=0.5", &ratings).await;
    let highest = predicted(&all).into_iter().fold(0.0, f64::max);
    let some = post(&format!("/recommendations?minRating={highest}"), &ratings).await;
    assert_eq!((ids(&all).len(), ids(&some).len()), (3, 1));
    let none = post("/recommendations?minRating=5", &ratings).await;
    assert_eq!((none.status, ids(&none).len()), (StatusCode::OK, 0));
    let usual = post("/recommendations", &ratings).await;
    assert!(predicted(&usual).iter().all(|score| *score >= 3.0), "{usual:?}");
    // Who gives two stars on average still gets a list.
    let harsh = json!({"ratings": [{"movieId": "10", "rating": 0.5}, {"movieId": "30", "rating": 0.5}]});
    assert!(!ids(&post("/recommendations", &harsh).await).is_empty());
}

#[tokio::test]
async fn variety_puts_movies_of_other_genres_between() {
    let ratings = json!({"ratings": [{"movieId": "10", "rating": 5}]});
    let plain = post("/recommendations?limit=3&minRating=0.5", &ratings).await;
    let varied = post("/recommendations?limit=3&minRating=0.5&varied=true", &ratings).await;
    let (mut one, mut other) = (ids(&plain), ids(&varied));
    assert_eq!((varied.status, one[0]), (StatusCode::OK, other[0]), "the best stays first");
    assert_eq!(varied.body["next_cursor"], Value::Null);
    one.sort_unstable();
    other.sort_unstable();
    assert_eq!(one, other, "there are no more movies");
    let both = post("/recommendations?varied=true&cursor=00112233445566773e99f3b1296", &ratings).await;
    assert_eq!(both.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn several_people_get_one_list_without_what_anyone_dislikes() {
    let people = json!({"people": [{"ratings": [{"movieId": "10", "rating": 5}]}, {"ratings": [{"movieId": "20", "rating": 4.5}, {"movieId": "404", "rating": 1}]}]});
    let all = post("/recommendations/together?minRating=0.5", &people).await;
    assert_eq!(all.status, StatusCode::OK, "{all:?}");
    assert_eq!(ids(&all), ["40", "30"], "what anyone has rated is left out; 40 is a drama, like 10 and 20");
    assert_eq!(all.body["unknown_movies"], json!(["404"]));
    let model = model();
    let each = [[("10", 5.0)], [("20", 4.5)]].map(|ratings| {
        let rated = ratings
            .map(|(id, rating)| matinee_model::Rated { movie: model.movie_row(&id.into()).unwrap(), rating });
        model.visitor(rated.to_vec())
    });
    for movie in all.body["recommendations"].as_array().unwrap() {
        let row = model.movie_row(&movie["movie_id"].as_str().unwrap().into()).unwrap();
        for (person, visitor) in each.iter().enumerate() {
            let expected = f64::from(visitor.estimate(row).score);
            let predicted = movie["predicted_ratings"][person].as_f64().unwrap();
            assert!((predicted - expected).abs() <= 0.05 + 1e-6, "{movie}");
        }
    }
    let lowest = |movie: &Value| {
        let ratings = movie["predicted_ratings"].as_array().unwrap();
        ratings.iter().map(|rating| rating.as_f64().unwrap()).fold(5.0, f64::min)
    };
    let strict = post("/recommendations/together?minRating=3", &people).await;
    assert!(strict.body["recommendations"].as_array().unwrap().iter().all(|movie| lowest(movie) >= 2.95));
    for (body, named) in [
        (json!({"people": [{"ratings": []}]}), "at least 2"),
        (json!({"people": vec![json!({"ratings": []}); 7]}), "more than 6"),
        (json!({"people": [{"ratings": []}, {}]}), "`ratings`"),
        (json!({}), "`people`"),
    ] {
        let answer = post("/recommendations/together", &body).await;
        let message = answer.body["error"]["message"].as_str().unwrap().to_owned();
        assert!(answer.status == StatusCode::BAD_REQUEST && message.contains(named), "{message}");
    }
}
