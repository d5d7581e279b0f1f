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

#[tokio::test]
async fn what_is_deleted_is_in_no_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.db");
    let store = SqliteRatings::open(&path).unwrap();
    let secret = "a-movie-that-nobody-may-know-of";
    store.keep(vec![rating("1", secret, 4.5), rating("2", "other", 3.0)]).await;
    let has_secret = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let mut bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        bytes.any(|bytes| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
    };
    assert!(has_secret());

    // A reader of the state before keeps the log from being emptied, and is not waited for.
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("begin; select * from marks;").unwrap();
    store.forget(&"1".into(), Moment(3)).await.unwrap();
    assert_eq!(store.keep(vec![rating("3", "other", 3.0)]).await, [Ok(Outcome::Created)]);
    assert!(has_secret());
    reader.execute_batch("commit").unwrap();
    // The log is emptied after the answer.
    assert_eq!(store.keep(vec![rating("4", "other", 3.0)]).await, [Ok(Outcome::Created)]);
    assert_eq!(store.keep(vec![rating("5", "other", 3.0)]).await, [Ok(Outcome::Created)]);
    assert!(!has_secret());
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
