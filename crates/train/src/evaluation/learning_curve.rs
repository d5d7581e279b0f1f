//! The learning curve: how accuracy grows with the number of ratings.

use serde::Serialize;

use super::measure;
use crate::algorithms::Configured;
use crate::progress::Progress;
use crate::ratings::{Dataset, Divided};
use crate::seeds::derive;
use crate::split::{self, TestSet};

/// The shares of the ratings to train on.
const SHARES: [f64; 6] = [0.1, 0.2, 0.4, 0.6, 0.8, 1.0];

/// One point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LearningPoint {
    /// The number of training ratings.
    pub rating_count: usize,
    /// The root mean squared error on the test set, which is the same for all points.
    pub rmse: f64,
}

/// Trains on growing random shares of the ratings that are not in the test set.
pub fn learning_curve(
    dataset: &Dataset,
    algorithm: &Configured,
    test: &TestSet,
    seed: u64,
    progress: &dyn Progress,
) -> Vec<LearningPoint> {
    let Divided { train, test, .. } = dataset.divide(|index| test.is_test[index]);
    let point = |share: f64| {
        let left_out = split::random_hold_out(train.len(), 1.0 - share, derive(seed, "learning curve", 0));
        let (learned_from, _) = split::divide(&train, |index| left_out[index]);
        let fitted = algorithm.fit(&dataset.training(&learned_from, seed), progress);
        let rmse = measure(fitted.factors.view(), &test, dataset.scale).rmse;
        LearningPoint { rating_count: learned_from.len(), rmse }
    };
    SHARES.into_iter().map(point).collect()
}
