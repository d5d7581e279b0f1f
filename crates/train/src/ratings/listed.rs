//! Selects the ratings to measure on: those for movies that requests can ask for.

use super::{Dataset, Ratings};
use crate::split::{self, TestSet};

/// Ratings to learn from, and ratings to measure on.
#[derive(Debug, Clone, PartialEq)]
pub struct Divided {
    /// The ratings to learn from.
    pub train: Ratings,
    /// The ratings to measure on.
    pub test: Ratings,
    /// The number of test ratings that are left out, because their movies are not in the catalogue.
    pub unlisted_count: usize,
}

impl Dataset {
    /// Splits the ratings by `is_test`. Nobody can ask for a movie that is not in the catalogue, so test ratings of such
    /// movies are left out: how well a model predicts them says nothing about its answers.
    pub fn divide(&self, is_test: impl Fn(usize) -> bool) -> Divided {
        let (train, mut test) = split::divide(&self.ratings, is_test);
        let drawn = test.len();
        test.retain(|rating| self.listed[rating.movie.index()]);
        Divided { unlisted_count: drawn - test.len(), train, test }
    }

    /// Whether a test set has a rating to measure on.
    pub fn is_measurable(&self, test: &TestSet) -> bool {
        let marked = self.ratings.iter().zip(&test.is_test).filter(|(_, is_test)| **is_test);
        marked.map(|(rating, _)| rating.movie.index()).any(|movie| self.listed[movie])
    }

    /// The number of ratings for movies that requests cannot ask for.
    pub fn unlisted_count(&self) -> usize {
        self.ratings.iter().filter(|rating| !self.listed[rating.movie.index()]).count()
    }
}
