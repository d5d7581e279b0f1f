//! How well an algorithm predicts ratings that it has not seen.

use std::time::Instant;

use matinee_model::{FactorsView, MovieRow, RatingScale, UserRow};
use serde::Serialize;

use crate::algorithms::Configured;
use crate::progress::Progress;
use crate::ratings::{Dataset, Rating};
use crate::split;

/// The errors of predictions, clipped to the scale and never rounded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    /// The root mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
}

/// What one fold gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldResult {
    /// The fold that was tested.
    pub fold: u32,
    /// The root mean squared error on the fold.
    pub rmse: f64,
    /// The mean absolute error on the fold.
    pub mae: f64,
    /// Wall time to learn from the other folds.
    pub fit_seconds: f64,
    /// Wall time to predict the fold.
    pub predict_seconds: f64,
    /// The ratings of the fold.
    pub test_count: usize,
}

/// The plain mean over the folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanResult {
    /// Of the root mean squared errors.
    pub rmse: f64,
    /// Of the mean absolute errors.
    pub mae: f64,
    /// Of the wall times to learn.
    pub fit_seconds: f64,
    /// Of the wall times to predict.
    pub predict_seconds: f64,
}

/// The result of a cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossValidation {
    /// Each fold's.
    pub folds: Vec<FoldResult>,
    /// Their mean.
    pub mean: MeanResult,
}

/// Measures predictions against ratings. Without ratings both errors are 0.
pub fn measure(factors: FactorsView<'_>, test: &[Rating], scale: RatingScale) -> Errors {
    let pairs = test.iter().map(|rating| (Some(rating.user), Some(rating.movie), rating.value));
    measure_pairs(factors, pairs, scale)
}

/// Measures what was learned from one data set against the ratings of another, which has rows of its own. Who
/// and what is only there is predicted as unknown.
pub fn measure_elsewhere(factors: FactorsView<'_>, learned: &Dataset, test: &Dataset) -> Errors {
    let users: Vec<Option<UserRow>> =
        test.user_ids.table().iter().map(|id| learned.user_ids.table().find(id).map(UserRow)).collect();
    let movies: Vec<Option<MovieRow>> =
        test.movie_ids.table().iter().map(|id| learned.movie_ids.table().find(id).map(MovieRow)).collect();
    let pairs = test.ratings.iter();
    let pairs = pairs.map(|rating| (users[rating.user.index()], movies[rating.movie.index()], rating.value));
    measure_pairs(factors, pairs, learned.scale)
}

fn measure_pairs(
    factors: FactorsView<'_>,
    test: impl ExactSizeIterator<Item = (Option<UserRow>, Option<MovieRow>, f32)>,
    scale: RatingScale,
) -> Errors {
    let count = test.len().max(1) as f64;
    let (mut squares, mut absolutes) = (0.0, 0.0);
    for (user, movie, value) in test {
        let predicted = scale.clip(factors.score(user, movie));
        let error = f64::from(value) - f64::from(predicted);
        squares += error * error;
        absolutes += error.abs();
    }
    Errors { rmse: (squares / count).sqrt(), mae: absolutes / count }
}

/// Learns from all folds but one and tests on that one, for each fold. `folds` has the fold of each rating.
pub fn cross_validate(
    dataset: &Dataset,
    algorithm: &Configured,
    folds: &[u32],
    seed: u64,
    progress: &dyn Progress,
) -> CrossValidation {
    let mut numbers = folds.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let results: Vec<FoldResult> = numbers
        .into_iter()
        .map(|fold| test_fold(dataset, algorithm, |index| folds[index] == fold, fold, seed, progress))
        .collect();
    CrossValidation { mean: MeanResult::of(&results), folds: results }
}

fn test_fold(
    dataset: &Dataset,
    algorithm: &Configured,
    is_test: impl Fn(usize) -> bool,
    fold: u32,
    seed: u64,
    progress: &dyn Progress,
) -> FoldResult {
    let (train, test) = split::divide(&dataset.ratings, is_test);
    let begin = Instant::now();
    let factors = algorithm.fit(&dataset.training(&train, seed), progress);
    let fit_seconds = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let Errors { rmse, mae } = measure(factors.view(), &test, dataset.scale);
    let predict_seconds = begin.elapsed().as_secs_f64();
    FoldResult { fold, rmse, mae, fit_seconds, predict_seconds, test_count: test.len() }
}

impl MeanResult {
    fn of(folds: &[FoldResult]) -> Self {
        let mean = |figure: fn(&FoldResult) -> f64| {
            folds.iter().map(figure).sum::<f64>() / folds.len().max(1) as f64
        };
        Self {
            rmse: mean(|fold| fold.rmse),
            mae: mean(|fold| fold.mae),
            fit_seconds: mean(|fold| fold.fit_seconds),
            predict_seconds: mean(|fold| fold.predict_seconds),
        }
    }
}
