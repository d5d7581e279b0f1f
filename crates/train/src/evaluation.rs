//! How well an algorithm predicts ratings that it has not seen.

mod hold_outs;
mod inner;
mod intervals;
mod learning_curve;
mod segments;
mod tested;
mod visitors;

use std::time::Instant;

use matinee_model::Factors;
use serde::Serialize;

pub use hold_outs::{HoldOuts, Predicted, unreduced};
pub use inner::{Inner, calibrate, predictions, rank_weights};
pub use intervals::{LEVEL, cross_measured, from_errors};
pub use learning_curve::{LearningPoint, learning_curve};
pub use segments::{CalibrationBin, Segment, Segments};
pub use tested::{Errors, TestRating, Tested, measure, test};
pub use visitors::{Accuracy, FOLDED_IN, VisitorError, VisitorEvaluation, VisitorResult, evaluate_visitors};

use crate::algorithms::Configured;
use crate::progress::Progress;
use crate::ratings::{Dataset, Divided, Rating, Ratings};
use crate::split::TestSet;

/// The result on one test set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldResult {
    /// The number of the fold.
    pub fold: u32,
    /// The root mean squared error on the fold.
    pub rmse: f64,
    /// The mean absolute error on the fold.
    pub mae: f64,
    /// The root mean squared error before the model was reduced to the served rank, if it was reduced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreduced_rmse: Option<f64>,
    /// The wall time to train on the other ratings.
    pub fit_seconds: f64,
    /// The wall time to predict the fold.
    pub predict_seconds: f64,
    /// The number of ratings of the fold.
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

/// The results on all test sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The result on each fold.
    pub folds: Vec<FoldResult>,
    /// Their means.
    pub mean: MeanResult,
    /// All predictions together, by groups of users, movies and scores.
    pub segments: Segments,
    /// The number of ratings in the folds for movies that are not in the catalogue. Nobody can ask for these movies, so the
    /// ratings are not tested.
    pub unlisted_count: usize,
}

/// For each test set, trains on all other ratings and tests on the test set. Test sets without ratings of movies in the
/// catalogue are skipped. Users without training ratings are predicted as a server predicts them: as unknown. With `intervals`, and for algorithms that are calibrated, it also holds out some training ratings:
/// to measure prediction intervals, which are then tested too, and to calibrate. This counts as time to fit.
pub fn evaluate(
    dataset: &Dataset,
    algorithm: &Configured,
    tests: &[TestSet],
    seed: u64,
    intervals: bool,
    progress: &dyn Progress,
) -> Evaluation {
    let algorithm = &algorithm.for_ratings(dataset.ratings.len());
    let (mut all, mut unlisted_count) = (Vec::new(), 0);
    let mut folds = Vec::with_capacity(tests.len());
    for TestSet { fold, is_test } in tests {
        let Divided { train, test: test_ratings, unlisted_count: not_tested } =
            dataset.divide(|index| is_test[index]);
        unlisted_count += not_tested;
        if test_ratings.is_empty() {
            continue;
        }
        let begin = Instant::now();
        let Inner { calibration, intervals: told, chosen } = if intervals || algorithm.is_calibrated() {
            calibrate(dataset, algorithm, &train, seed, progress)
        } else {
            Inner::default()
        };
        let fitted = algorithm.with_chosen(chosen).fit(&dataset.training(&train, seed), progress);
        let test_ratings = as_served(dataset, &train, &test_ratings);
        let ranking = calibration.as_ref().and_then(|_| rank_weights(dataset, &train, &test_ratings, seed));
        let fit_seconds = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let predict = |factors: &Factors| {
            predictions(dataset, factors, calibration.as_ref(), &train, &test_ratings, ranking.as_ref())
        };
        let told = told.filter(|_| intervals);
        let tested = test(&predict(&fitted.factors), dataset, &train, &test_ratings, told.as_ref());
        let predict_seconds = begin.elapsed().as_secs_f64();
        let unreduced = fitted
            .unreduced
            .map(|factors| Errors::of(&test(&predict(&factors), dataset, &train, &test_ratings, None)).rmse);
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

/// The ratings to predict. A model that is served does not know users without training ratings.
fn as_served(dataset: &Dataset, train: &Ratings, test: &Ratings) -> Vec<TestRating> {
    let mut is_known = vec![false; dataset.user_count()];
    for rating in train {
        is_known[rating.user.index()] = true;
    }
    let asked = |rating: Rating| {
        let asked = TestRating::from(rating);
        TestRating { user: asked.user.filter(|user| is_known[user.index()]), ..asked }
    };
    test.iter().map(asked).collect()
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
