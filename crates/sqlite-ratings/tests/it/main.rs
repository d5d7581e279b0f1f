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

#[test]
fn many_may_create_a_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let path = folder.path().join(round.to_string());
        let opening = || {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| SqliteRatings::open(&path))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Result<Vec<_>, _>>()
            })
        };
        assert_eq!(opening().unwrap().len(), 8);
    }
}

/// Whether a file of the folder contains a text.
fn is_in_a_file(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    let mut bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    bytes.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

/// Rows of many users, which `SQLite` moves from page to page while they come in.
#[tokio::test]
async fn what_is_deleted_is_in_no_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    let user = |number: usize| format!("person{number:03}@example.org");
    let store = SqliteRatings::open(&path).unwrap();
    for movie in 0..30_usize {
        // 7 and 120 have no common divisor.
        let writes =
            (0..120).map(|index| rating(&user((index * 7 + movie) % 120), &(movie * 131).to_string(), 4.0));
        store.keep(writes.collect()).await;
    }
    let deleted: Vec<String> = (0..40).map(|number| user(number * 3)).collect();
    for user in &deleted {
        store.forget(&user.as_str().into(), Moment(3)).await.unwrap();
    }
    drop(store);
    for user in &deleted {
        // The id stays, beside the time of the deletion. Before a rating, the movie comes after it.
        for movie in 0..30 {
            let row = format!("{user}{}", movie * 131);
            assert!(movie == 0 || !is_in_a_file(folder.path(), &row), "{row}");
        }
    }
    let store = SqliteRatings::open(&path).unwrap();
    assert_eq!(store.kept(&user(1).as_str().into()).await.unwrap().ratings.len(), 30);
}

#[tokio::test]
async fn what_a_reader_kept_in_the_log_is_removed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    let store = SqliteRatings::open(&path).unwrap();
    let secret = "a-movie-that-nobody-may-know-of";
    store.keep(vec![rating("1", secret, 4.5), rating("2", "other", 3.0)]).await;
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("begin; select * from marks;").unwrap();
    store.forget(&"1".into(), Moment(3)).await.unwrap();
    assert_eq!(
        store.keep(vec![rating("3", "other", 3.0)]).await,
        [Ok(Outcome::Created)],
        "nobody waits for the reader"
    );
    drop(store);
    assert!(is_in_a_file(folder.path(), secret));
    reader.execute_batch("commit").unwrap();
    let store = SqliteRatings::open(&path).unwrap();
    drop(reader);
    drop(store);
    assert!(!is_in_a_file(folder.path(), secret));
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_kept_in_a_file_that_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    let store = SqliteRatings::open(&path).unwrap();
    store.keep(vec![rating("1", "2", 4.5)]).await;
    let fails = async || {
        let kept = store.keep(vec![rating("1", "3", 4.5)]).await.remove(0).unwrap_err();
        let found = store.kept(&"1".into()).await.unwrap_err();
        for error in [kept, found] {
            assert!(error.to_string().contains("was removed or replaced while it was open"), "{error}");
        }
    };
    std::fs::rename(&path, folder.path().join("moved.db")).unwrap();
    fails().await;
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    fails().await;
    std::fs::rename(folder.path().join("moved.db"), &path).unwrap();
    assert_eq!(store.keep(vec![rating("1", "3", 4.5)]).await, [Ok(Outcome::Created)], "it is back");
}

#[tokio::test]
async fn a_file_that_is_opened_for_reading_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    assert!(matches!(SqliteRatings::open_to_read(&path), Err(OpenError::Reading { .. })));
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    assert!(matches!(SqliteRatings::open_to_read(&path), Err(OpenError::Empty(_))));

    let store = SqliteRatings::open(&path).unwrap();
    store.keep(vec![rating("1", "2", 4.5)]).await;
    let reading = SqliteRatings::open_to_read(&path).unwrap();
    assert_eq!(reading.kept(&"1".into()).await.unwrap().ratings.len(), 1);
    assert!(reading.keep(vec![rating("1", "3", 4.5)]).await.remove(0).is_err());
    assert!(reading.forget(&"1".into(), Moment(9)).await.is_err());
    drop(store);
    assert_eq!(reading.kept(&"1".into()).await.unwrap().ratings.len(), 1);
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
