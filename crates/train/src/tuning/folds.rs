//! The folds that points are measured on.

use super::TuneError;
use super::fits::FoldData;
use crate::ratings::Dataset;
use crate::split;

/// Random folds. Only those with something to measure on count, because an empty fold would have an RMSE of 0.
pub(super) struct Folds {
    /// The fold of each rating.
    assignment: Vec<u32>,
    /// The folds with ratings of movies in the catalogue.
    pub(super) numbers: Vec<u32>,
}

impl Folds {
    pub(super) fn new(dataset: &Dataset, folds: u32, seed: u64) -> Result<Self, TuneError> {
        let ratings = dataset.ratings.len();
        if folds as usize > ratings {
            return Err(TuneError::TooManyFolds { folds, ratings });
        }
        let assignment = split::random_folds(ratings, folds, seed);
        let mut is_measured = vec![false; folds as usize];
        for (rating, &fold) in dataset.ratings.iter().zip(&assignment) {
            is_measured[fold as usize] |= dataset.listed[rating.movie.index()];
        }
        let numbers: Vec<u32> = (0..folds).filter(|&fold| is_measured[fold as usize]).collect();
        if numbers.is_empty() { Err(TuneError::NothingToMeasure) } else { Ok(Self { assignment, numbers }) }
    }

    /// The number of folds that count.
    pub(super) fn count(&self) -> u32 {
        self.numbers.len() as u32
    }

    pub(super) fn data(&self, dataset: &Dataset, fold: u32) -> FoldData {
        FoldData::new(dataset, &self.assignment, fold)
    }
}
