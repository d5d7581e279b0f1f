//! The pages of a user's ratings, while ratings come in.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{live_app, status_and_body};

async fn ask(app: &Router, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).body(body).unwrap();
    status_and_body(app, request).await
}

async fn rate(app: &Router, movie: &str, rating: f64, time: u64) {
    let path = format!("/users/1/ratings/{movie}");
    let (status, body) = ask(app, "PUT", &path, json!({"rating": rating, "timestamp": time})).await;
    assert!(status.is_success(), "{body}");
}

/// The movies of a page of one rating, and the cursor of the next one.
async fn page(app: &Router, order: &str, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let path = format!("/users/1/ratings?order={order}&limit=1{cursor}");
    let (status, body) = ask(app, "GET", &path, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let movies = body["ratings"].as_array().unwrap().iter();
    let movies = movies.map(|rated| rated["movie_id"].as_str().unwrap().to_owned()).collect();
    (movies, body["next_cursor"].as_str().map(str::to_owned))
}

/// The movies of all pages. Before each page but the first, `between` changes something.
async fn walk(app: &Router, order: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let (mut all, mut cursor) = page(app, order, None).await;
    let mut pages = 1;
    while let Some(next) = cursor {
        between(pages).await;
        let (movies, after) = page(app, order, Some(&next)).await;
        all.extend(movies);
        cursor = after;
        pages += 1;
        assert!(pages < 10, "{all:?}");
    }
    all
}

/// User 1 has rated 10 and 20 in the training data. Movie 40 is rated since, and 30 between two pages.
#[tokio::test]
async fn a_rating_between_two_pages_neither_repeats_nor_hides_another() {
    for (order, number) in [("newest", 1), ("newest", 2), ("highest", 1), ("highest", 2)] {
        let (app, _folder) = live_app();
        rate(&app, "40", 4.0, 1_000).await;
        let before = walk(&app, order, async |_| {}).await;
        assert_eq!(before.len(), 3, "{order}: {before:?}");
        let after = walk(&app, order, async |page| {
            if page == number {
                rate(&app, "30", 5.0, 2_000).await;
            }
        })
        .await;
        // Among the highest, the new one may come on a later page, once.
        let is_new = |movie: &&String| *movie == "30";
        assert!(after.iter().filter(is_new).count() <= usize::from(order == "highest"), "{after:?}");
        let others: Vec<&String> = after.iter().filter(|movie| !is_new(movie)).collect();
        assert_eq!(others, before.iter().collect::<Vec<_>>(), "{order}, before page {}", number + 1);
        let all = walk(&app, order, async |_| {}).await;
        assert_eq!(all.len(), 4, "{order}: the next visit shows it");
    }
}

#[tokio::test]
async fn what_is_changed_or_taken_back_between_two_pages_hides_nothing_else() {
    for order in ["newest", "highest"] {
        for method in ["PUT", "DELETE"] {
            let (app, _folder) = live_app();
            rate(&app, "40", 4.0, 1_000).await;
            let before = walk(&app, order, async |_| {}).await;
            let first = format!("/users/1/ratings/{}", before[0]);
            let after = walk(&app, order, async |page| {
                if page == 1 {
                    // Rated again, it goes to the front of the newest; taken back, it is gone.
                    let body = if method == "PUT" { json!({"rating": 4.5}) } else { Value::Null };
                    ask(&app, method, &first, body).await;
                }
            })
            .await;
            let others = |movies: &[String]| -> Vec<String> {
                movies.iter().filter(|movie| **movie != before[0]).cloned().collect()
            };
            assert_eq!(others(&after), others(&before), "{order} {method}");
        }
    }
}

#[tokio::test]
async fn ratings_of_one_moment_are_each_shown_once() {
    let (app, _folder) = live_app();
    for movie in ["40", "30", "20", "10"] {
        rate(&app, movie, 3.0, 1_000).await;
    }
    let all = walk(&app, "newest", async |_| {}).await;
    assert_eq!(all, ["40", "30", "20", "10"]);
}

#[tokio::test]
async fn a_cursor_belongs_to_an_order() {
    let (app, _folder) = live_app();
    let (_, cursor) = page(&app, "newest", None).await;
    let path = format!("/users/1/ratings?order=highest&cursor={}", cursor.unwrap());
    let (status, body) = ask(&app, "GET", &path, Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["error"]["message"].as_str().unwrap().contains("same `order`"), "{body}");
    let other = "/users/1/ratings?cursor=0123456789abcdefl1";
    assert_eq!(ask(&app, "GET", other, Value::Null).await.1["error"]["code"], "stale_cursor");
}
