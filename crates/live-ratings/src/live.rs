//! A store as the API uses it: no request waits long for it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use matinee_model::UserId;

use crate::{Kept, Moment, Outcome, RatingStore, StoreError, Write};

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
}

impl LiveRatings {
    /// `store`, whose look-ups may take `time_limit`.
    pub fn new(store: Arc<dyn RatingStore>, time_limit: Duration) -> Self {
        Self { store, time_limit }
    }

    /// What is kept of a user.
    pub async fn kept(&self, user: &UserId) -> Result<Kept, StoreError> {
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

    /// Keeps marks.
    pub async fn keep(&self, writes: Vec<Write>) -> Vec<Result<Outcome, StoreError>> {
        let count = writes.len();
        let outcomes = async { Ok(self.store.keep(writes).await) };
        within(WRITE_TIME_LIMIT, outcomes).await.unwrap_or_else(|error| vec![Err(error); count])
    }

    /// Removes what is kept of a user.
    pub async fn forget(&self, user: &UserId) -> Result<(), StoreError> {
        within(WRITE_TIME_LIMIT, self.store.forget(user, Moment::now())).await
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
    use super::*;
    use crate::stalled::Stalled;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_store_that_does_not_answer() {
        let live = LiveRatings::new(Arc::new(Stalled), DEFAULT_TIME_LIMIT);
        let user = UserId::from("1");
        assert_eq!(live.kept(&user).await, Err(StoreError::Timeout));
        assert_eq!(live.forget(&user).await, Err(StoreError::Timeout));
        let write =
            Write { user: user.clone(), movie: "2".into(), mark: crate::Mark::Hidden, time: Moment(1) };
        assert_eq!(live.keep(vec![write; 2]).await, vec![Err(StoreError::Timeout); 2]);
        assert_eq!(live.kept_of_all(vec![user.clone()]).await, [(user, Err(StoreError::Timeout))]);
    }
}
