//! What was looked up a moment ago, so that the store is not asked for it again.
//!
//! Invariant: what is remembered is never older than the time limit, and never older than a write of this process that
//! was answered.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matinee_model::{MovieId, UserId};
use tokio::time::Instant;

use crate::{Kept, KeptRating};

/// How many users are remembered at most.
const MAX_USERS: usize = 10_000;

/// How much memory they take at most, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// What an id takes beside its text: the allocator rounds up and has a header.
const PER_TEXT: usize = 16;

/// What was looked up, for a limited time. When it is full, the oldest look-ups make room.
pub(crate) struct Memory {
    time_limit: Duration,
    max_users: usize,
    max_bytes: usize,
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    users: HashMap<UserId, Remembered>,
    /// The remembered users by the numbers of their look-ups: the oldest come first.
    by_age: BTreeMap<u64, UserId>,
    bytes: usize,
    next_number: u64,
    /// How many writes have ended.
    writes: u64,
}

struct Remembered {
    kept: Kept,
    began: Instant,
    number: u64,
    bytes: usize,
}

/// A look-up that has begun.
pub(crate) struct LookUp {
    began: Instant,
    writes: u64,
}

/// A write about some users. When it ends, in whatever way, they are no longer remembered.
pub(crate) struct WriteAbout<'a> {
    memory: &'a Memory,
    users: HashSet<UserId>,
}

impl Memory {
    pub(crate) fn new(time_limit: Duration) -> Self {
        Self::limited(time_limit, MAX_USERS, MAX_BYTES)
    }

    fn limited(time_limit: Duration, max_users: usize, max_bytes: usize) -> Self {
        Self { time_limit, max_users, max_bytes, contents: Mutex::default() }
    }

    pub(crate) fn get(&self, user: &UserId) -> Option<Kept> {
        let contents = self.contents();
        let remembered = contents.users.get(user)?;
        self.is_fresh(remembered).then(|| remembered.kept.clone())
    }

    /// Call this before the store is asked.
    pub(crate) fn begin_look_up(&self) -> LookUp {
        LookUp { began: Instant::now(), writes: self.contents().writes }
    }

    /// Remembers what a look-up found, unless a write has ended since it began: it may have found what was there before.
    pub(crate) fn remember(&self, look_up: &LookUp, user: &UserId, kept: &Kept) {
        let bytes = bytes_of(user, kept);
        let mut contents = self.contents();
        if contents.writes != look_up.writes || bytes > self.max_bytes {
            return;
        }
        contents.remove(user);
        self.make_room(&mut contents, bytes);
        let number = contents.next_number;
        contents.next_number += 1;
        contents.bytes += bytes;
        contents.by_age.insert(number, user.clone());
        let remembered = Remembered { kept: kept.clone(), began: look_up.began, number, bytes };
        contents.users.insert(user.clone(), remembered);
    }

    pub(crate) fn begin_write<'a>(&self, users: impl Iterator<Item = &'a UserId>) -> WriteAbout<'_> {
        WriteAbout { memory: self, users: users.cloned().collect() }
    }

    /// Removes what is too old, and then the oldest until `bytes` fit.
    fn make_room(&self, contents: &mut Contents, bytes: usize) {
        while let Some(user) = contents.by_age.first_key_value().map(|(_, user)| user.clone()) {
            let has_room = contents.users.len() < self.max_users && contents.bytes + bytes <= self.max_bytes;
            if has_room && contents.users.get(&user).is_some_and(|oldest| self.is_fresh(oldest)) {
                return;
            }
            contents.remove(&user);
        }
    }

    fn is_fresh(&self, remembered: &Remembered) -> bool {
        remembered.began.elapsed() < self.time_limit
    }

    /// No panic leaves the contents half changed, so they can be used after one.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn remove(&mut self, user: &UserId) {
        if let Some(removed) = self.users.remove(user) {
            self.by_age.remove(&removed.number);
            self.bytes -= removed.bytes;
        }
    }
}

impl Drop for WriteAbout<'_> {
    fn drop(&mut self) {
        let mut contents = self.memory.contents();
        contents.writes += 1;
        for user in &self.users {
            contents.remove(user);
        }
    }
}

/// About how much memory an entry takes. The user's id is in both maps.
fn bytes_of(user: &UserId, kept: &Kept) -> usize {
    let text = |text: &str| text.len() + PER_TEXT;
    let entry = size_of::<(UserId, Remembered)>() + size_of::<(u64, UserId)>() + 2 * text(user.as_str());
    let rating = |rating: &KeptRating| size_of::<KeptRating>() + text(rating.movie.as_str());
    let hidden = |movie: &str| size_of::<MovieId>() + text(movie);
    let ratings: usize = kept.ratings.iter().map(rating).sum();
    entry + ratings + kept.hidden.iter().map(|movie| hidden(movie)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mark, Moment, Record};

    fn rated(rating: f32) -> Kept {
        Kept::of([Record::Marked { movie: "m".into(), mark: Mark::Rated(rating), time: Moment(1) }])
    }

    fn many_rated(count: usize) -> Kept {
        let rated = |index: usize| Record::Marked {
            movie: index.to_string().into(),
            mark: Mark::Rated(4.0),
            time: Moment(1),
        };
        Kept::of((0..count).map(rated))
    }

    fn remember(memory: &Memory, user: &str, kept: &Kept) {
        memory.remember(&memory.begin_look_up(), &user.into(), kept);
    }

    fn remembered(memory: &Memory) -> Vec<String> {
        let contents = memory.contents();
        assert_eq!(contents.users.len(), contents.by_age.len());
        let bytes: usize = contents.users.iter().map(|(user, found)| bytes_of(user, &found.kept)).sum();
        assert_eq!(contents.bytes, bytes);
        contents.by_age.values().map(ToString::to_string).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn it_counts_from_the_beginning_of_the_look_up() {
        let memory = Memory::new(Duration::from_secs(10));
        let look_up = memory.begin_look_up();
        tokio::time::advance(Duration::from_secs(4)).await;
        memory.remember(&look_up, &"u".into(), &rated(4.0));
        tokio::time::advance(Duration::from_millis(5_999)).await;
        assert_eq!(memory.get(&"u".into()), Some(rated(4.0)));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(memory.get(&"u".into()), None);
    }

    #[test]
    fn what_was_looked_up_across_the_end_of_a_write_is_not_remembered() {
        let memory = Memory::new(Duration::from_secs(10));
        let users = ["u".into()];
        let before = memory.begin_look_up();
        let write = memory.begin_write(users.iter());
        let during = memory.begin_look_up();
        memory.remember(&during, &"u".into(), &rated(1.0));
        drop(write);
        assert_eq!(memory.get(&"u".into()), None, "it ends with the write");
        for look_up in [before, during] {
            memory.remember(&look_up, &"u".into(), &rated(1.0));
            assert_eq!(memory.get(&"u".into()), None, "it may have found what was there before");
        }
        remember(&memory, "u", &rated(2.0));
        assert_eq!(memory.get(&"u".into()), Some(rated(2.0)));
        drop(memory.begin_write(["other".into()].iter()));
        assert_eq!(memory.get(&"u".into()), Some(rated(2.0)), "others stay");
    }

    #[test]
    fn the_oldest_make_room_for_a_new_user() {
        let memory = Memory::limited(Duration::from_secs(10), 3, usize::MAX);
        for user in ["a", "b", "c", "a", "d"] {
            remember(&memory, user, &rated(4.0));
        }
        assert_eq!(remembered(&memory), ["c", "a", "d"]);
    }

    #[test]
    fn bytes_are_limited() {
        let one = bytes_of(&"a".into(), &rated(4.0));
        let memory = Memory::limited(Duration::from_secs(10), 100, 3 * one);
        for user in ["a", "b", "c", "d"] {
            remember(&memory, user, &rated(4.0));
        }
        assert_eq!(remembered(&memory), ["b", "c", "d"]);
        remember(&memory, "e", &many_rated(100));
        assert_eq!(memory.get(&"e".into()), None, "it would not fit alone");
        assert_eq!(remembered(&memory), ["b", "c", "d"], "and pushes nobody out");
        drop(memory.begin_write(["b", "c", "d"].map(UserId::from).iter()));
        assert_eq!(remembered(&memory), Vec::<String>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_leaves_with_the_next_look_up() {
        let memory = Memory::new(Duration::from_secs(10));
        remember(&memory, "a", &rated(4.0));
        tokio::time::advance(Duration::from_secs(5)).await;
        remember(&memory, "b", &rated(4.0));
        tokio::time::advance(Duration::from_secs(5)).await;
        remember(&memory, "c", &rated(4.0));
        assert_eq!(remembered(&memory), ["b", "c"]);
    }

    /// The limits are what the documentation says.
    #[test]
    fn a_million_ratings_of_a_thousand_users_do_not_all_fit() {
        let memory = Memory::new(Duration::from_secs(10));
        let many = many_rated(1_000);
        for user in 0..1_000 {
            remember(&memory, &user.to_string(), &many);
        }
        let count = remembered(&memory).len();
        assert!((100..300).contains(&count), "{count} users");
        assert!(memory.contents().bytes <= MAX_BYTES);
    }
}
