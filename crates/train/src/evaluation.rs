//! How well an algorithm predicts ratings that it has not seen.

mod intervals;
mod learning_curve;
mod segments;
mod tested;

use std::time::Instant;

use serde::Serialize;

pub use intervals::{LEVEL, calibrate, from_errors};
pub use learning_curve::{LearningPoint, learning_curve};
pub use segments::{CalibrationBin, Segment, Segments};
pub use tested::{Asked, Errors, Tested, measure, test};

use crate::algorithms::Configured;
use crate::progress::Progress;
use crate::ratings::{Dataset, Divided};
use crate::split::TestSet;

/// What one test set gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldResult {
    /// The fold that was tested.
    pub fold: u32,
    /// The root mean squared error on the fold.
    pub rmse: f64,
    /// The mean absolute error on the fold.
    pub mae: f64,
    /// The root mean squared error before the model was reduced to the rank that is served, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreduced_rmse: Option<f64>,
    /// Wall time to learn from the other ratings.
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
    /// Of the root mean squared errors before the reduction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreduced_rmse: Option<f64>,
    /// Of the wall times to learn.
    pub fit_seconds: f64,
    /// Of the wall times to predict.
    pub predict_seconds: f64,
}

/// What all test sets gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Each fold's.
    pub folds: Vec<FoldResult>,
    /// Their mean.
    pub mean: MeanResult,
    /// All predictions together, by kinds of users, movies and scores.
    pub segments: Segments,
    /// How many ratings of the folds are of movies that are not in the catalogue, so that nobody can ask for them. They
    /// are not tested.
    pub unlisted_count: usize,
}

/// Learns from all ratings but those of a test set and tests on these, for each test set that has any of movies that can
/// be asked for. With `intervals`
/// it also keeps a hold-out of what it learns from, to tell intervals by, and tests those.
pub fn evaluate(
    dataset: &Dataset,
    algorithm: &Configured,
    tests: &[TestSet],
    seed: u64,
    intervals: bool,
    progress: &dyn Progress,
) -> Evaluation {
    let (mut all, mut unlisted_count) = (Vec::new(), 0);
    let mut folds = Vec::with_capacity(tests.len());
    for TestSet { fold, is_test } in tests {
        let Divided { train, test: test_ratings, unlisted_count: not_tested } =
            dataset.divide(|index| is_test[index]);
        unlisted_count += not_tested;
        if test_ratings.is_empty() {
            continue;
        }
        let intervals = if intervals { calibrate(dataset, algorithm, &train, seed, progress) } else { None };
        let begin = Instant::now();
        let fitted = algorithm.fit(&dataset.training(&train, seed), progress);
        let fit_seconds = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let asked: Vec<Asked> = test_ratings.iter().copied().map(Asked::from).collect();
        let tested = test(fitted.factors.view(), dataset, &train, &asked, intervals.as_ref());
        let predict_seconds = begin.elapsed().as_secs_f64();
        let unreduced =
            fitted.unreduced.map(|factors| measure(factors.view(), &test_ratings, dataset.scale).rmse);
        let Errors { rmse, mae } = Errors::of(&tested);
        folds.push(FoldResult {
            fold: *fold,
            rmse,
            mae,
            unreduced_rmse: unreduced,
            fit_seconds,
            predict_seconds,
            test_count: tested.len(),
        });
        all.extend(tested);
    }
    Evaluation { mean: MeanResult::of(&folds), folds, segments: Segments::of(&all), unlisted_count }
}

impl MeanResult {
    fn of(folds: &[FoldResult]) -> Self {
        let mean = |figure: &dyn Fn(&FoldResult) -> f64| {
            folds.iter().map(figure).sum::<f64>() / folds.len().max(1) as f64
        };
        let is_reduced = folds.iter().any(|fold| fold.unreduced_rmse.is_some());
        Self {
            rmse: mean(&|fold| fold.rmse),
            mae: mean(&|fold| fold.mae),
            unreduced_rmse: is_reduced.then(|| mean(&|fold| fold.unreduced_rmse.unwrap_or(fold.rmse))),
            fit_seconds: mean(&|fold| fold.fit_seconds),
            predict_seconds: mean(&|fold| fold.predict_seconds),
        }
    }
}
