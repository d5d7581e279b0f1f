//! Which ratings can be measured on: those of movies that can be asked for.

use super::{Dataset, Rating};
use crate::split::{self, TestSet};

/// Ratings to learn from, and ratings to measure on.
#[derive(Debug, Clone, PartialEq)]
pub struct Divided {
    /// What is learned from.
    pub train: Vec<Rating>,
    /// What is measured on.
    pub test: Vec<Rating>,
    /// How many ratings were to be measured on, but are of movies that are not in the catalogue.
    pub unlisted_count: usize,
}

impl Dataset {
    /// Parts the ratings by `is_test`. Nobody can ask for a movie that is not in the catalogue, so ratings of such
    /// movies are not measured on: that a model predicts them well says nothing of its answers.
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

    /// How many ratings are of movies that cannot be asked for.
    pub fn unlisted_count(&self) -> usize {
        self.ratings.iter().filter(|rating| !self.listed[rating.movie.index()]).count()
    }
}
