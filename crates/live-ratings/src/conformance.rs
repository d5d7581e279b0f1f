//! The tests that every store passes. Each test uses users of its own, so all of them may share one store.

use std::collections::HashMap;

use futures_util::future::join_all;
use matinee_model::UserId;

use crate::{Kept, Mark, Moment, NewMark, Outcome, RatingStore, Record, Write, for_each_user, keeping};

/// Runs every test. It panics if the store does not do what [`RatingStore`] says. The store must be empty.
pub async fn assert_conforms(store: &dyn RatingStore) {
    nothing_is_kept_of_a_stranger(store).await;
    a_mark_is_read_back(store).await;
    the_latest_mark_counts_in_any_order_of_arrival(store).await;
    of_two_marks_at_the_same_time_the_later_arrival_counts(store).await;
    ratings_and_hidden_movies_do_not_touch_each_other(store).await;
    a_batch_takes_effect_in_its_order_and_may_be_repeated(store).await;
    a_deleted_user_is_forgotten(store).await;
    a_mark_without_a_time_counts(store).await;
    any_id_is_kept_as_it_is(store).await;
    concurrent_writers_agree_on_the_latest(store).await;
    a_user_may_have_many_ratings(store).await;
    // Last, because it reads what the others kept.
    all_pages_together_have_every_record_once(store).await;
}

fn write(user: &str, movie: &str, mark: Mark, time: i64) -> Write {
    Write { user: user.into(), movie: movie.into(), mark, time: Moment(time) }
}

async fn keep(store: &dyn RatingStore, writes: Vec<Write>) -> Vec<Outcome> {
    let outcomes = store.keep(writes).await;
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|error| panic!("{error}"))).collect()
}

async fn kept(store: &dyn RatingStore, user: &str) -> Kept {
    store.kept(&user.into()).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn forget(store: &dyn RatingStore, user: &str, time: i64) {
    store.forget(&user.into(), Moment(time)).await.unwrap_or_else(|error| panic!("{error}"));
}

/// The ratings as movie, rating and time.
fn ratings(kept: &Kept) -> Vec<(&str, Option<f32>, i64)> {
    kept.ratings.iter().map(|kept| (kept.movie.as_str(), kept.rating, kept.time.0)).collect()
}

fn hidden(kept: &Kept) -> Vec<&str> {
    kept.hidden.iter().map(|movie| &**movie).collect()
}

async fn nothing_is_kept_of_a_stranger(store: &dyn RatingStore) {
    assert!(kept(store, "stranger").await.is_empty());
    assert!(keep(store, Vec::new()).await.is_empty());
}

async fn a_mark_is_read_back(store: &dyn RatingStore) {
    let user = "reads";
    let rate = |rating, time| vec![write(user, "2959", Mark::Rated(rating), time)];
    assert_eq!(keep(store, rate(4.5, 1_700_000_000_123)).await, [Outcome::Created]);
    assert_eq!(ratings(&kept(store, user).await), [("2959", Some(4.5), 1_700_000_000_123)]);
    assert_eq!(keep(store, rate(0.1, 1_700_000_000_124)).await, [Outcome::Replaced]);
    assert_eq!(ratings(&kept(store, user).await), [("2959", Some(0.1), 1_700_000_000_124)], "exactly");

    let unrate = vec![write(user, "2959", Mark::Unrated, 1_700_000_000_125)];
    assert_eq!(keep(store, unrate).await, [Outcome::Replaced]);
    assert_eq!(ratings(&kept(store, user).await), [("2959", None, 1_700_000_000_125)]);
    assert_eq!(keep(store, rate(3.0, 1_700_000_000_126)).await, [Outcome::Created]);
}

async fn the_latest_mark_counts_in_any_order_of_arrival(store: &dyn RatingStore) {
    let marks = [(Mark::Rated(1.0), 10), (Mark::Unrated, 20), (Mark::Rated(3.0), 30), (Mark::Unrated, 40)];
    for count in [3, 4] {
        for (number, order) in permutations(count).into_iter().enumerate() {
            let user = format!("order {count} {number}");
            for &index in &order {
                let (mark, time) = marks[index];
                keep(store, vec![write(&user, "m", mark, time)]).await;
            }
            let (mark, time) = marks[count - 1];
            assert_eq!(ratings(&kept(store, &user).await), [("m", mark.value(), time)], "{order:?}");
        }
    }
    let late = keep(store, vec![write("order 3 0", "m", Mark::Unrated, 29)]).await;
    assert_eq!(late, [Outcome::Outdated { mark: Mark::Rated(3.0), time: Moment(30) }]);
    let late = keep(store, vec![write("order 4 0", "m", Mark::Rated(5.0), 39)]).await;
    assert_eq!(late, [Outcome::Outdated { mark: Mark::Unrated, time: Moment(40) }]);
}

/// The numbers below `count` in every order.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1).into_iter();
    let longer = shorter.flat_map(|order| {
        (0..count).map(move |place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}

async fn of_two_marks_at_the_same_time_the_later_arrival_counts(store: &dyn RatingStore) {
    let user = "same time";
    for (mark, value) in [(Mark::Rated(2.0), Some(2.0)), (Mark::Rated(4.0), Some(4.0)), (Mark::Unrated, None)]
    {
        keep(store, vec![write(user, "m", mark, 7)]).await;
        assert_eq!(ratings(&kept(store, user).await), [("m", value, 7)]);
    }
}

async fn ratings_and_hidden_movies_do_not_touch_each_other(store: &dyn RatingStore) {
    let user = "hides";
    keep(store, vec![write(user, "a", Mark::Hidden, 5)]).await;
    assert_eq!(keep(store, vec![write(user, "a", Mark::Rated(4.0), 3)]).await, [Outcome::Created]);
    keep(store, vec![write(user, "b", Mark::Hidden, 6), write(user, "c", Mark::Hidden, 6)]).await;
    assert_eq!(keep(store, vec![write(user, "b", Mark::Shown, 7)]).await, [Outcome::Replaced]);
    let late = keep(store, vec![write(user, "c", Mark::Shown, 5)]).await;
    assert_eq!(late, [Outcome::Outdated { mark: Mark::Hidden, time: Moment(6) }]);
    let kept = kept(store, user).await;
    assert_eq!((hidden(&kept), ratings(&kept)), (vec!["a", "c"], vec![("a", Some(4.0), 3)]));
}

async fn a_batch_takes_effect_in_its_order_and_may_be_repeated(store: &dyn RatingStore) {
    let users = ["batch 1", "batch 2", "batch 3"];
    let mut batch: Vec<Write> = (0..997)
        .map(|index| {
            let movie = (index / 3).to_string();
            write(users[index % 3], &movie, Mark::Rated((index % 10) as f32 * 0.5 + 0.5), 100)
        })
        .collect();
    let movie = "again";
    batch.push(write(users[0], movie, Mark::Rated(1.0), 100));
    batch.push(write(users[0], movie, Mark::Rated(2.0), 100));
    batch.push(write(users[0], movie, Mark::Rated(3.0), 99));

    let outcomes = keep(store, batch.clone()).await;
    assert_eq!(outcomes[..998], [Outcome::Created; 998]);
    let outdated = Outcome::Outdated { mark: Mark::Rated(2.0), time: Moment(100) };
    assert_eq!(outcomes[998..], [Outcome::Replaced, outdated]);
    let mut before = Vec::new();
    for user in users {
        before.push(kept(store, user).await);
    }
    assert_eq!(before.iter().map(|kept| kept.ratings.len()).sum::<usize>(), 998);
    assert!(ratings(&before[0]).contains(&(movie, Some(2.0), 100)));

    let outcomes = keep(store, batch).await;
    assert_eq!(outcomes[..999], [Outcome::Replaced; 999]);
    for (user, before) in users.iter().zip(before) {
        assert_eq!(kept(store, user).await, before);
    }
}

async fn a_deleted_user_is_forgotten(store: &dyn RatingStore) {
    let user = "deleted";
    keep(store, vec![write(user, "a", Mark::Rated(4.0), 10), write(user, "b", Mark::Hidden, 20)]).await;
    forget(store, user, 20).await;
    let nothing = Kept { forgotten: Some(Moment(20)), ..Kept::default() };
    assert_eq!(kept(store, user).await, nothing);

    let late = [15, 20].map(|time| write(user, "a", Mark::Rated(3.0), time));
    assert_eq!(keep(store, late.to_vec()).await, [Outcome::Forgotten(Moment(20)); 2]);
    assert_eq!(kept(store, user).await, nothing, "marks from before arrive late");
    let mixed = vec![write(user, "c", Mark::Hidden, 20), write(user, "a", Mark::Rated(2.0), 21)];
    assert_eq!(keep(store, mixed).await, [Outcome::Forgotten(Moment(20)), Outcome::Created]);
    assert_eq!(ratings(&kept(store, user).await), [("a", Some(2.0), 21)], "the user comes back");

    forget(store, user, 19).await;
    let kept_after = kept(store, user).await;
    assert_eq!((ratings(&kept_after).len(), kept_after.forgotten), (1, Some(Moment(20))), "a late deletion");
    forget(store, user, 30).await;
    assert_eq!(kept(store, user).await, Kept { forgotten: Some(Moment(30)), ..Kept::default() });
    assert!(ratings(&kept(store, "hides").await).len() == 1, "others are not touched");
}

async fn a_mark_without_a_time_counts(store: &dyn RatingStore) {
    let user = "without times";
    let ahead = Moment(Moment::now().0 + 60_000);
    let rate = async |rating: f32| {
        let mark = NewMark { user: user.into(), movie: "m".into(), mark: Mark::Rated(rating), time: None };
        let answer = keeping::keep(store, &[mark]).await.remove(0).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ratings(&kept(store, user).await), [("m", Some(rating), answer.time.0)]);
        answer
    };
    let first = rate(1.0).await;
    assert!(first.outcome == Outcome::Created && first.time <= Moment::now());

    keep(store, vec![write(user, "m", Mark::Rated(2.0), ahead.0)]).await;
    let second = rate(3.0).await;
    assert_eq!((second.time, second.outcome), (ahead, Outcome::Replaced), "another clock is ahead");
    forget(store, user, ahead.0).await;
    let third = rate(4.0).await;
    assert_eq!((third.time.0, third.outcome), (ahead.0 + 1, Outcome::Created), "at the time of the deletion");

    let given = NewMark { user: user.into(), movie: "n".into(), mark: Mark::Unrated, time: Some(ahead) };
    let answer = keeping::keep(store, &[given]).await.remove(0).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((answer.time, answer.outcome), (ahead, Outcome::Forgotten(ahead)), "a given time stays");
}

async fn any_id_is_kept_as_it_is(store: &dyn RatingStore) {
    let long = "é".repeat(128);
    for id in ["#", "a b", "'; drop table", "映画/%2F", "\u{1f3ac}", "0", "00", "movie#1", &long] {
        let user = format!("id {id}");
        let user = if id == long { id } else { &user };
        keep(store, vec![write(user, id, Mark::Rated(4.0), 1)]).await;
        assert_eq!(ratings(&kept(store, user).await), [(id, Some(4.0), 1)]);
    }
    assert!(kept(store, "id 000").await.is_empty());
}

async fn concurrent_writers_agree_on_the_latest(store: &dyn RatingStore) {
    // 17 and 40 have no common divisor, so each number from 0 to 39 occurs once.
    let times = (0..40).map(|index| index * 17 % 40);
    let writes =
        times.map(|time| keep(store, vec![write("crowd", "m", Mark::Rated(0.5 + time as f32), time)]));
    join_all(writes).await;
    assert_eq!(ratings(&kept(store, "crowd").await), [("m", Some(39.5), 39)]);
}

async fn a_user_may_have_many_ratings(store: &dyn RatingStore) {
    let (user, count) = ("rates a lot", 3_000);
    let movie = |number: i64| format!("{number:0>240}");
    let writes = (0..count).map(|number| write(user, &movie(number), Mark::Rated(4.0), number));
    for batch in writes.collect::<Vec<_>>().chunks(1_000) {
        keep(store, batch.to_vec()).await;
    }
    let kept = kept(store, user).await;
    let expected: Vec<String> = (0..count).map(movie).collect();
    assert_eq!(kept.ratings.iter().map(|kept| kept.movie.as_str()).collect::<Vec<_>>(), expected);
}

async fn all_pages_together_have_every_record_once(store: &dyn RatingStore) {
    let (mut by_user, mut count, mut pages) = (HashMap::<UserId, Vec<Record>>::new(), 0, 0);
    for share in 0..store.shares() {
        let (mut position, mut last) = (None, None);
        loop {
            let page = store.page(share, position).await.unwrap_or_else(|error| panic!("{error}"));
            count += page.records.len();
            pages += 1;
            for (user, record) in page.records {
                let is_next = last.as_ref() == Some(&user);
                assert!(is_next || !by_user.contains_key(&user), "{user} comes in two places");
                by_user.entry(user.clone()).or_default().push(record);
                last = Some(user);
            }
            position = page.next;
            if position.is_none() {
                break;
            }
        }
    }
    assert!(pages > 1 && count > 4_000, "{count} records on {pages} pages");
    for (user, records) in &by_user {
        for (index, record) in records.iter().enumerate() {
            assert!(!records[..index.min(50)].contains(record), "{user}: {record:?} occurs twice");
        }
        assert_eq!(Kept::of(records.iter().cloned()), kept(store, user.as_str()).await, "{user}");
    }
    for user in ["reads", "hides", "deleted", "batch 3", "crowd", "rates a lot"] {
        assert!(by_user.contains_key(user), "{user}");
    }
    assert_eq!(by_user["deleted"], [Record::Forgotten(Moment(30))], "nothing else is left");
    let many = &by_user["rates a lot"];
    assert_eq!(many.len(), 3_000);

    let mut seen = HashMap::new();
    let each = |user: UserId, kept| assert!(seen.insert(user, kept).is_none());
    for_each_user(store, each).await.unwrap_or_else(|error| panic!("{error}"));
    let expected = by_user.into_iter().map(|(user, records)| (user, Kept::of(records)));
    assert_eq!(seen, expected.collect());
}
