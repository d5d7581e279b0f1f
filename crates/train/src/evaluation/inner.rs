//! Fits calibration and intervals on a part of the training ratings, because the test set must not be used for that.

use matinee_model::calibration::Calibration;
use matinee_model::ranking::{RankingMethod, RankingWeights};
use matinee_model::{Factors, Intervals};

use super::hold_outs::{HoldOuts, Predicted, uncalibrated};
use super::{TestRating, from_errors};
use crate::algorithm::Completed;
use crate::algorithms::Configured;
use crate::calibration::KnownRatings;
use crate::progress::Progress;
use crate::ranking::RankingTraining;
use crate::ratings::{Dataset, Ratings};
use crate::seeds::derive;

/// The share of the ratings in each hold-out.
const HOLD_OUT: f64 = 0.1;

/// What is fitted on the inner hold-outs.
#[derive(Debug, Clone, Default)]
pub struct Inner {
    /// How scores become predicted ratings, if the algorithm is calibrated.
    pub calibration: Option<Calibration>,
    /// Prediction intervals, if there are enough ratings to measure them.
    pub intervals: Option<Intervals>,
    /// What watching the hold-outs has [chosen](Configured::with_chosen).
    pub chosen: Option<u32>,
}

/// Trains on most of `train`, and fits calibration and intervals on the rest.
pub fn calibrate(
    dataset: &Dataset,
    algorithm: &Configured,
    train: &Ratings,
    seed: u64,
    progress: &dyn Progress,
) -> Inner {
    let learn_ranking = |train: &Ratings, asked: &[TestRating]| {
        if algorithm.is_calibrated() { rank_weights(dataset, train, asked, seed) } else { None }
    };
    let hold_outs = HoldOuts::new(dataset, train, algorithm, HOLD_OUT, derive(seed, "intervals", 0))
        .with_rankings(learn_ranking);
    let Completed { fitted, chosen } = hold_outs.begin_watched(algorithm, seed).complete(progress);
    let held_out = hold_outs.with(fitted.iter().map(|fitted| &fitted.factors));
    let Predicted { calibration, tested } = Predicted::new(dataset, algorithm, &held_out);
    Inner { calibration, intervals: from_errors(dataset, &tested, &held_out), chosen }
}

/// The predictions of factors that were learned from `train`, calibrated if there is a calibration.
pub fn predictions(
    dataset: &Dataset,
    factors: &Factors,
    calibration: Option<&Calibration>,
    train: &Ratings,
    asked: &[TestRating],
    ranking: Option<&RankingWeights>,
) -> Vec<f32> {
    let Some(calibration) = calibration else { return uncalibrated(dataset, factors, asked) };
    let usual_spread = calibration.table().frame.usual_spread;
    let scored = KnownRatings::of(dataset, train).scored(factors, ranking, asked, usual_spread);
    scored.iter().map(|scored| calibration.predict(scored, dataset.scale)).collect()
}

/// The weights of a ranking head whose score a calibration can use, learned from `train`, as far as the ratings `asked` need
/// them.
pub fn rank_weights(
    dataset: &Dataset,
    train: &Ratings,
    asked: &[TestRating],
    seed: u64,
) -> Option<RankingWeights> {
    let training = RankingTraining {
        ratings: train,
        timestamps: None,
        ..dataset.ranking_training(derive(seed, "ranking", 0))
    };
    let ease = training.methods().into_iter().find(|method| matches!(method, RankingMethod::Ease { .. }))?;
    Some(training.learn_by_for(ease, asked))
}
