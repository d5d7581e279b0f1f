//! Ratings that come in while a model is live. They count at once, and they train the next model.
//!
//! A [`RatingStore`] keeps them. This crate knows no AWS, no HTTP and no database, so every store is another crate. With
//! the feature `conformance`, it has the tests that every store passes, and a store that never answers.
//!
//! The invariant: for each user and movie, the latest mark by time counts, in whatever order the marks arrive. That holds
//! for marks that take a rating back as well.

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(test)]
mod counted;
mod keeping;
mod kept;
mod live;
mod mark;
mod memory;
mod moment;
#[cfg(any(test, feature = "conformance"))]
pub mod stalled;
mod store;
mod users;

pub use keeping::{Answer, NewMark};
pub use kept::{Kept, KeptRating, Record};
pub use live::{DEFAULT_TIME_LIMIT, LiveRatings};
pub use mark::{Kind, Mark, Write};
pub use moment::{InvalidMoment, Moment};
pub use store::{Outcome, Outcomes, Page, Position, RatingStore, StoreError, StoreFuture};
pub use users::for_each_user;
