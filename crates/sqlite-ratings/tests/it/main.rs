//! Ratings in a file: the tests of every store, and what only a file can go wrong with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use matinee_live_ratings::conformance::assert_conforms;
use matinee_live_ratings::{Mark, Moment, Outcome, RatingStore, Write};
use matinee_sqlite_ratings::{OpenError, SqliteRatings};

fn rating(user: &str, movie: &str, rating: f32) -> Write {
    Write { user: user.into(), movie: movie.into(), mark: Mark::Rated(rating), time: Moment(1) }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let folder = tempfile::tempdir().unwrap();
    assert_conforms(&SqliteRatings::open(&folder.path().join("ratings.db")).unwrap()).await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    let store = SqliteRatings::open(&path).unwrap();
    assert_eq!(store.keep(vec![rating("1", "2", 4.5)]).await, [Ok(Outcome::Created)]);
    store.forget(&"9".into(), Moment(3)).await.unwrap();
    drop(store);
    let store = SqliteRatings::open(&path).unwrap();
    assert_eq!(store.kept(&"1".into()).await.unwrap().ratings[0].rating, Some(4.5));
    assert_eq!(store.kept(&"9".into()).await.unwrap().forgotten, Some(Moment(3)));
}

#[tokio::test]
async fn two_processes_may_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    let (one, other) = (SqliteRatings::open(&path).unwrap(), SqliteRatings::open(&path).unwrap());
    for (index, store) in [&one, &other].into_iter().cycle().take(40).enumerate() {
        let outcomes = store.keep(vec![rating("1", &index.to_string(), 3.0)]).await;
        assert_eq!(outcomes, [Ok(Outcome::Created)]);
    }
    assert_eq!(one.kept(&"1".into()).await.unwrap().ratings.len(), 40);
}

fn refusal(path: &Path) -> OpenError {
    SqliteRatings::open(path).unwrap_err()
}

#[test]
fn only_a_file_of_ratings_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);

    std::fs::write(file("ratings.csv"), "userId,movieId,rating\n".repeat(100)).unwrap();
    assert!(matches!(refusal(&file("ratings.csv")), OpenError::Database { .. }));
    assert!(matches!(refusal(&file("missing/ratings.db")), OpenError::Database { .. }));
    assert!(matches!(refusal(folder.path()), OpenError::Database { .. }));

    let other = rusqlite::Connection::open(file("other.db")).unwrap();
    other.execute_batch("create table notes (text)").unwrap();
    assert!(matches!(refusal(&file("other.db")), OpenError::Foreign(_)));

    drop(SqliteRatings::open(&file("newer.db")).unwrap());
    let newer = rusqlite::Connection::open(file("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(refusal(&file("newer.db")), OpenError::Newer { found: 2, known: 1, .. }));
}
