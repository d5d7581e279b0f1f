//! A store for tests of what is asked of a store.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use matinee_model::UserId;

use crate::{
    Kept, Moment, Outcome, Outcomes, Page, Position, RatingStore, Record, StoreError, StoreFuture, Write,
};

/// How long a look-up takes after it has read.
pub const ANSWER_TIME: Duration = Duration::from_millis(5);

/// A store in memory that counts look-ups. It keeps every mark, so a test writes each movie once.
#[derive(Debug, Default)]
pub struct Counted {
    pub look_ups: AtomicUsize,
    pub fails: AtomicBool,
    records: Mutex<HashMap<UserId, Vec<Record>>>,
}

impl Counted {
    /// How often users were looked up since the last call.
    pub fn take_look_ups(&self) -> usize {
        self.look_ups.swap(0, Ordering::Relaxed)
    }

    fn answer<T>(&self, answer: T) -> Result<T, StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            Err(StoreError::Failed("told to".to_owned()))
        } else {
            Ok(answer)
        }
    }

    fn push(&self, user: UserId, record: Record) {
        self.records.lock().unwrap().entry(user).or_default().push(record);
    }
}

impl RatingStore for Counted {
    fn keep(&self, writes: Vec<Write>) -> Outcomes<'_> {
        let keep = |Write { user, movie, mark, time }| {
            self.answer(Outcome::Created).inspect(|_| self.push(user, Record::Marked { movie, mark, time }))
        };
        let outcomes = writes.into_iter().map(keep).collect();
        Box::pin(async { outcomes })
    }

    fn kept<'a>(&'a self, user: &'a UserId) -> StoreFuture<'a, Kept> {
        Box::pin(async {
            self.look_ups.fetch_add(1, Ordering::Relaxed);
            let records = self.records.lock().unwrap().get(user).cloned().unwrap_or_default();
            tokio::time::sleep(ANSWER_TIME).await;
            self.answer(Kept::of(records))
        })
    }

    fn forget<'a>(&'a self, user: &'a UserId, time: Moment) -> StoreFuture<'a, ()> {
        Box::pin(
            async move { self.answer(()).inspect(|()| self.push(user.clone(), Record::Forgotten(time))) },
        )
    }

    fn page(&self, _: u32, _: Option<Position>) -> StoreFuture<'_, Page> {
        Box::pin(async { Ok(Page::default()) })
    }
}
