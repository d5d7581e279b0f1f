//! What a store of ratings has to do.

use std::future::Future;
use std::pin::Pin;

use matinee_model::UserId;

use crate::{Kept, Mark, Moment, Record, Write};

/// The future of a store's answer.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The future of what became of each write.
pub type Outcomes<'a> = Pin<Box<dyn Future<Output = Vec<Result<Outcome, StoreError>>> + Send + 'a>>;

/// Keeps marks. It is shared by all requests.
pub trait RatingStore: Send + Sync + 'static {
    /// Keeps marks, and says of each, in their order, what became of it. What was answered survives a crash of this
    /// process and a power failure. Marks on the same movie by the same user take effect in their order, and a batch may
    /// be repeated. A mark that is not later than the deletion of its user is not kept.
    fn keep(&self, writes: Vec<Write>) -> Outcomes<'_>;

    /// What is kept of a user. It contains every mark whose write was answered before.
    fn kept<'a>(&'a self, user: &'a UserId) -> StoreFuture<'a, Kept>;

    /// Removes what is kept of a user up to `time`, and keeps only that time.
    fn forget<'a>(&'a self, user: &'a UserId, time: Moment) -> StoreFuture<'a, ()>;

    /// How many shares the records are divided into. Shares can be read at the same time.
    fn shares(&self) -> u32 {
        1
    }

    /// Some records of a share, from `after` on. All records of a user are in one share, one after the other. They may be
    /// on two pages. The pages together contain every mark whose write was answered before the first one was asked for.
    fn page(&self, share: u32, after: Option<Position>) -> StoreFuture<'_, Page>;
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// The mark is kept. Before, there was none of its kind, or one that undid another.
    Created,
    /// The mark is kept instead of another.
    Replaced,
    /// A later mark of the same kind is kept.
    Outdated {
        /// The later mark.
        mark: Mark,
        /// Its time.
        time: Moment,
    },
    /// The user was deleted at this time. The mark is not later, so it is not kept.
    Forgotten(Moment),
}

/// Some records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The records, each with its user.
    pub records: Vec<(UserId, Record)>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
}

/// A position among the records of a share. Only the store that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub String);

/// Why a store does not answer. The text is for logs, not for callers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It did not answer in time.
    #[error("the ratings store did not answer in time")]
    Timeout,
    /// It failed.
    #[error("the ratings store failed: {0}")]
    Failed(String),
}
