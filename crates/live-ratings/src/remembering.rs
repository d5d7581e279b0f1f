//! A store that remembers for a while what it has looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matinee_model::UserId;

use crate::{Kept, Moment, Outcomes, Page, Position, RatingStore, StoreError, StoreFuture, Write};

/// How many users are remembered. If there are more, all are forgotten.
const MOST: usize = 10_000;

/// Another store, and what was looked up in it lately. What is written through it counts at once; what is written elsewhere
/// counts when the time is over.
pub struct Remembering {
    store: Arc<dyn RatingStore>,
    memory: Mutex<Memory>,
}

/// What was looked up.
struct Memory {
    time: Duration,
    users: HashMap<UserId, (Moment, Kept)>,
    /// The number of writes, so that a look-up that began before a write is not remembered after it.
    writes: u64,
}

impl Remembering {
    /// `store`, whose answers are remembered for this time.
    pub fn new(store: Arc<dyn RatingStore>, time: Duration) -> Self {
        Self { store, memory: Mutex::new(Memory { time, users: HashMap::new(), writes: 0 }) }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_up(&self, user: &UserId) -> Result<Kept, StoreError> {
        let asked = Moment::now();
        let writes = {
            let memory = self.memory();
            if let Some(kept) = memory.get(user, asked) {
                return Ok(kept);
            }
            memory.writes
        };
        let kept = self.store.kept(user).await?;
        self.memory().put(user, asked, &kept, writes);
        Ok(kept)
    }
}

impl Memory {
    /// What is remembered of a user. The clock may have been set back.
    fn get(&self, user: &UserId, now: Moment) -> Option<Kept> {
        let (asked, kept) = self.users.get(user)?;
        let age = u128::try_from(now.0 - asked.0).ok()?;
        (age < self.time.as_millis()).then(|| kept.clone())
    }

    fn put(&mut self, user: &UserId, asked: Moment, kept: &Kept, writes: u64) {
        if writes != self.writes {
            return;
        }
        if self.users.len() >= MOST {
            self.users.clear();
        }
        self.users.insert(user.clone(), (asked, kept.clone()));
    }

    fn write(&mut self, users: &[UserId]) {
        self.writes += 1;
        for user in users {
            self.users.remove(user);
        }
    }
}

/// Forgets what was looked up of users when a write ends, also if nobody waits for it any more.
struct Written<'a> {
    memory: &'a Mutex<Memory>,
    users: Vec<UserId>,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).write(&self.users);
    }
}

impl RatingStore for Remembering {
    fn keep(&self, writes: Vec<Write>) -> Outcomes<'_> {
        Box::pin(async {
            let users = writes.iter().map(|write| write.user.clone()).collect();
            let _written = Written { memory: &self.memory, users };
            self.store.keep(writes).await
        })
    }

    fn kept<'a>(&'a self, user: &'a UserId) -> StoreFuture<'a, Kept> {
        Box::pin(self.look_up(user))
    }

    fn forget<'a>(&'a self, user: &'a UserId, time: Moment) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let _written = Written { memory: &self.memory, users: vec![user.clone()] };
            self.store.forget(user, time).await
        })
    }

    fn shares(&self) -> u32 {
        self.store.shares()
    }

    fn page(&self, share: u32, after: Option<Position>) -> StoreFuture<'_, Page> {
        self.store.page(share, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forgotten(time: i64) -> Kept {
        Kept { forgotten: Some(Moment(time)), ..Kept::default() }
    }

    #[test]
    fn what_was_looked_up_is_remembered_until_its_time_is_over() {
        let mut memory = Memory { time: Duration::from_secs(2), users: HashMap::new(), writes: 0 };
        let user = UserId::from("1");
        memory.put(&user, Moment(10_000), &forgotten(7), 0);
        for (now, expected) in
            [(10_000, Some(forgotten(7))), (11_999, Some(forgotten(7))), (12_000, None), (9_999, None)]
        {
            assert_eq!(memory.get(&user, Moment(now)), expected, "{now}");
        }
        assert_eq!(memory.get(&"2".into(), Moment(10_000)), None);
        memory.write(std::slice::from_ref(&user));
        assert_eq!(memory.get(&user, Moment(10_000)), None, "the user has written");
        memory.put(&user, Moment(10_000), &forgotten(7), 0);
        assert_eq!(memory.get(&user, Moment(10_000)), None, "the look-up began before the write");
    }

    #[test]
    fn the_memory_is_limited() {
        let mut memory = Memory { time: Duration::from_secs(2), users: HashMap::new(), writes: 0 };
        for user in 0..=MOST {
            memory.put(&user.to_string().into(), Moment(0), &Kept::default(), 0);
        }
        assert_eq!(memory.users.len(), 1);
    }
}
