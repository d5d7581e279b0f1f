//! A store for tests.

use matinee_model::UserId;

use crate::{Kept, Moment, Outcomes, Page, Position, RatingStore, StoreFuture, Write};

/// A store that never answers.
#[derive(Debug)]
pub struct Stalled;

impl RatingStore for Stalled {
    fn keep(&self, _: Vec<Write>) -> Outcomes<'_> {
        Box::pin(std::future::pending())
    }

    fn kept<'a>(&'a self, _: &'a UserId) -> StoreFuture<'a, Kept> {
        Box::pin(std::future::pending())
    }

    fn forget<'a>(&'a self, _: &'a UserId, _: Moment) -> StoreFuture<'a, ()> {
        Box::pin(std::future::pending())
    }

    fn page(&self, _: u32, _: Option<Position>) -> StoreFuture<'_, Page> {
        Box::pin(std::future::pending())
    }
}
