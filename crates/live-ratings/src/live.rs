//! A store as the API uses it: no request waits long for it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use matinee_model::UserId;

use crate::memory::Memory;
use crate::{Answer, Kept, Moment, NewMark, RatingStore, StoreError, keeping};

/// How long a request waits for the ratings of a user, unless something else is configured.
pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_millis(250);

/// How long a request waits until marks are kept. A caller who is told that a write failed has to send it again.
const WRITE_TIME_LIMIT: Duration = Duration::from_secs(5);

/// How many users of a batch are looked up at the same time.
const LOOK_UPS: usize = 32;

/// A store with limits in time.
#[derive(Clone)]
pub struct LiveRatings {
    store: Arc<dyn RatingStore>,
    time_limit: Duration,
    /// Nothing is remembered without it.
    memory: Option<Arc<Memory>>,
}

impl LiveRatings {
    /// `store`, whose look-ups may take `time_limit`.
    pub fn new(store: Arc<dyn RatingStore>, time_limit: Duration) -> Self {
        Self { store, time_limit, memory: None }
    }

    /// The same, but what was looked up is not looked up again for `time`. A write through this value counts at once; one
    /// through another counts after that time at the latest. At most 10,000 users and about 8 MiB are remembered.
    #[must_use]
    pub fn remembering(self, time: Duration) -> Self {
        let memory = (!time.is_zero()).then(|| Arc::new(Memory::new(time)));
        Self { memory, ..self }
    }

    /// What is kept of a user.
    pub async fn kept(&self, user: &UserId) -> Result<Kept, StoreError> {
        let Some(memory) = &self.memory else { return self.look_up(user).await };
        if let Some(kept) = memory.get(user) {
            return Ok(kept);
        }
        let look_up = memory.begin_look_up();
        let kept = self.look_up(user).await?;
        memory.remember(&look_up, user, &kept);
        Ok(kept)
    }

    async fn look_up(&self, user: &UserId) -> Result<Kept, StoreError> {
        within(self.time_limit, self.store.kept(user)).await
    }

    /// What is kept of each of these users, in their order.
    pub async fn kept_of_all(&self, users: Vec<UserId>) -> Vec<(UserId, Result<Kept, StoreError>)> {
        let look_up = |user: UserId| async move {
            let kept = self.kept(&user).await;
            (user, kept)
        };
        stream::iter(users).map(look_up).buffered(LOOK_UPS).collect().await
    }

    /// Keeps marks, and says of each, in their order, what became of it.
    pub async fn keep(&self, marks: &[NewMark]) -> Vec<Result<Answer, StoreError>> {
        let users = marks.iter().map(|mark| &mark.user);
        let _ends_before_the_answer = self.memory.as_ref().map(|memory| memory.begin_write(users));
        let answers = async { Ok(keeping::keep(&*self.store, marks).await) };
        within(WRITE_TIME_LIMIT, answers).await.unwrap_or_else(|error| vec![Err(error); marks.len()])
    }

    /// Removes what is kept of a user up to `time`; everything that is kept now if it is missing.
    pub async fn forget(&self, user: &UserId, time: Option<Moment>) -> Result<(), StoreError> {
        let _ends_before_the_answer =
            self.memory.as_ref().map(|memory| memory.begin_write([user].into_iter()));
        let forgetting = async {
            let time = match time {
                Some(time) => time,
                // Another clock that is ahead may have given a mark its time.
                None => self
                    .store
                    .kept(user)
                    .await?
                    .latest
                    .map_or_else(Moment::now, |latest| latest.max(Moment::now())),
            };
            self.store.forget(user, time).await
        };
        within(WRITE_TIME_LIMIT, forgetting).await
    }
}

/// What `answer` gives if it comes in time. A failure is logged.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answered = tokio::time::timeout(limit, answer).await.unwrap_or(Err(StoreError::Timeout));
    if let Err(error) = &answered {
        tracing::warn!(%error, limit_ms = limit.as_millis() as u64, "live ratings");
    }
    answered
}

impl fmt::Debug for LiveRatings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRatings").field("time_limit", &self.time_limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::counted::Counted;
    use crate::stalled::Stalled;
    use crate::{Mark, Outcome};

    const A_MINUTE: Duration = Duration::from_mins(1);

    /// A store, and two sandboxes that remember what they look up in it for a minute.
    fn two_sandboxes() -> (Arc<Counted>, [LiveRatings; 2]) {
        let store = Arc::new(Counted::default());
        let sandbox =
            || LiveRatings::new(Arc::<Counted>::clone(&store), DEFAULT_TIME_LIMIT).remembering(A_MINUTE);
        let sandboxes = [sandbox(), sandbox()];
        (store, sandboxes)
    }

    async fn rate(live: &LiveRatings, user: &str, movie: &str) {
        let mark = NewMark { user: user.into(), movie: movie.into(), mark: Mark::Rated(4.0), time: None };
        let answer = live.keep(&[mark]).await.pop().unwrap().unwrap();
        assert_eq!(answer.outcome, Outcome::Created);
    }

    async fn rated(live: &LiveRatings, user: &str) -> Vec<String> {
        let kept = live.kept(&user.into()).await.unwrap();
        kept.ratings.iter().map(|rating| rating.movie.to_string()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_store_that_does_not_answer() {
        let live = LiveRatings::new(Arc::new(Stalled), DEFAULT_TIME_LIMIT);
        for live in [live.clone(), live.remembering(A_MINUTE)] {
            let user = UserId::from("1");
            assert_eq!(live.kept(&user).await, Err(StoreError::Timeout));
            assert_eq!(live.forget(&user, None).await, Err(StoreError::Timeout));
            let mark = NewMark { user: user.clone(), movie: "2".into(), mark: Mark::Hidden, time: None };
            assert_eq!(live.keep(&[mark.clone(), mark]).await, vec![Err(StoreError::Timeout); 2]);
            assert_eq!(live.kept_of_all(vec![user.clone()]).await, [(user, Err(StoreError::Timeout))]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_is_looked_up_again_only_after_the_time() {
        let (store, [live, _]) = two_sandboxes();
        rate(&live, "1", "a").await;
        for _ in 0..3 {
            assert_eq!(rated(&live, "1").await, ["a"]);
            assert_eq!(rated(&live, "2").await, [""; 0], "nothing is remembered as well");
        }
        let all = live.kept_of_all(vec!["1".into(), "2".into(), "3".into()]).await;
        assert!(all.iter().all(|(_, kept)| kept.is_ok()));
        assert_eq!(store.take_look_ups(), 3);
        tokio::time::advance(A_MINUTE).await;
        assert_eq!(rated(&live, "1").await, ["a"]);
        assert_eq!(store.take_look_ups(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_time_every_request_looks_up() {
        let store = Arc::new(Counted::default());
        let live = LiveRatings::new(Arc::<Counted>::clone(&store), DEFAULT_TIME_LIMIT);
        for live in [live.clone(), live.remembering(Duration::ZERO)] {
            for _ in 0..3 {
                rated(&live, "1").await;
            }
            assert_eq!(store.take_look_ups(), 3);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_own_write_counts_at_once_and_that_of_another_sandbox_after_the_time() {
        let (store, [live, other]) = two_sandboxes();
        for live in [&live, &other] {
            assert_eq!(rated(live, "1").await, [""; 0]);
        }
        rate(&live, "1", "a").await;
        assert_eq!(rated(&live, "1").await, ["a"]);
        assert_eq!(rated(&other, "1").await, [""; 0]);
        tokio::time::advance(A_MINUTE).await;
        assert_eq!(rated(&other, "1").await, ["a"]);

        live.forget(&"1".into(), None).await.unwrap();
        store.take_look_ups();
        let kept = live.kept(&"1".into()).await.unwrap();
        assert!(kept.ratings.is_empty() && kept.forgotten.is_some(), "{kept:?}");
        assert_eq!(live.kept(&"1".into()).await, Ok(kept), "the deletion is remembered as well");
        assert_eq!(store.take_look_ups(), 1);
        assert_eq!(rated(&other, "1").await, ["a"]);
        tokio::time::advance(A_MINUTE).await;
        assert_eq!(rated(&other, "1").await, [""; 0]);
    }

    /// The store answers a look-up with what it read before the write.
    #[tokio::test(start_paused = true)]
    async fn a_write_during_a_look_up_counts_in_the_next_answer() {
        let (_, [live, _]) = two_sandboxes();
        let (before, ()) = tokio::join!(rated(&live, "1"), rate(&live, "1", "a"));
        assert_eq!(before, [""; 0]);
        assert_eq!(rated(&live, "1").await, ["a"]);
        let user = UserId::from("2");
        let (before, forgotten) = tokio::join!(rated(&live, "2"), live.forget(&user, None));
        assert_eq!((before, forgotten), (Vec::new(), Ok(())));
        assert!(live.kept(&user).await.unwrap().forgotten.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_not_remembered() {
        let (store, [live, _]) = two_sandboxes();
        rate(&live, "1", "a").await;
        store.fails.store(true, Ordering::Relaxed);
        assert!(live.kept(&"1".into()).await.is_err());
        store.fails.store(false, Ordering::Relaxed);
        assert_eq!(rated(&live, "1").await, ["a"]);

        // A failed write may have been kept all the same.
        store.fails.store(true, Ordering::Relaxed);
        assert!(live.forget(&"1".into(), None).await.is_err());
        store.fails.store(false, Ordering::Relaxed);
        store.take_look_ups();
        assert_eq!(rated(&live, "1").await, ["a"]);
        assert_eq!(store.take_look_ups(), 1);
    }
}
