//! Fits calibration and intervals on a part of the training ratings, because the test set must not be used for that.

use matinee_model::calibration::Calibration;
use matinee_model::ranking::{RankingMethod, RankingWeights};
use matinee_model::{Factors, Intervals};

use super::{TestRating, from_errors, test};
use crate::algorithms::Configured;
use crate::calibration::KnownRatings;
use crate::progress::Progress;
use crate::ranking::RankingTraining;
use crate::ratings::{Dataset, Rating};
use crate::seeds::derive;
use crate::split;

/// The share of the ratings that is held out.
const HOLD_OUT: f64 = 0.1;

/// What is fitted on the inner hold-out.
#[derive(Debug, Clone, Default)]
pub struct Inner {
    /// How scores become predicted ratings, if the algorithm is calibrated.
    pub calibration: Option<Calibration>,
    /// Prediction intervals, if there are enough ratings to measure them.
    pub intervals: Option<Intervals>,
}

/// Trains on most of `train`, and fits calibration and intervals on the rest.
pub fn calibrate(
    dataset: &Dataset,
    algorithm: &Configured,
    train: &[Rating],
    seed: u64,
    progress: &dyn Progress,
) -> Inner {
    let marks = dataset.hold_out(train, HOLD_OUT, derive(seed, "intervals", 0));
    let (train, held_out) = split::divide(train, |index| marks[index]);
    let factors = algorithm.fit(&dataset.training(&train, seed), progress).factors;
    let is_listed = |rating: &Rating| dataset.listed[rating.movie.index()];
    let held_out: Vec<TestRating> = held_out.into_iter().filter(is_listed).map(TestRating::from).collect();
    let ranking = if algorithm.is_calibrated() { rank_weights(dataset, &train, seed) } else { None };
    let (calibration, scores) = calibrated(algorithm, dataset, &factors, &train, &held_out, ranking.as_ref());
    let known = test(&scores, dataset, &train, &held_out, None);
    Inner { calibration, intervals: from_errors(factors.view(), dataset, &known, &held_out) }
}

/// The calibration that is fitted on a hold-out, if the algorithm is calibrated and the hold-out is large enough; and the
/// predictions for the hold-out, each by a calibration that was fitted on other users.
pub fn calibrated(
    algorithm: &Configured,
    dataset: &Dataset,
    factors: &Factors,
    train: &[Rating],
    held_out: &[TestRating],
    ranking: Option<&RankingWeights>,
) -> (Option<Calibration>, Vec<f32>) {
    let alone = || held_out.iter().map(|asked| score_alone(dataset, factors, asked)).collect();
    if !algorithm.is_calibrated() {
        return (None, alone());
    }
    let known = KnownRatings::of(dataset, train);
    let explained = known.explain(factors, ranking, held_out);
    match explained.and_then(|explained| Some((explained.fit()?, explained.cross_fit()?))) {
        Some((calibration, scores)) => (Some(calibration), scores),
        None => (None, alone()),
    }
}

/// The predictions of factors that were learned from `train`, calibrated if there is a calibration.
pub fn predictions(
    dataset: &Dataset,
    factors: &Factors,
    calibration: Option<&Calibration>,
    train: &[Rating],
    asked: &[TestRating],
    ranking: Option<&RankingWeights>,
) -> Vec<f32> {
    let Some(calibration) = calibration else {
        return asked.iter().map(|asked| score_alone(dataset, factors, asked)).collect();
    };
    let usual_spread = calibration.table().frame.usual_spread;
    let scored = KnownRatings::of(dataset, train).scored(factors, ranking, asked, usual_spread);
    scored.iter().map(|scored| calibration.predict(scored, dataset.scale)).collect()
}

/// The weights of a ranking head whose score a calibration can use, learned from `train`.
pub fn rank_weights(dataset: &Dataset, train: &[Rating], seed: u64) -> Option<RankingWeights> {
    let training = RankingTraining {
        ratings: train,
        timestamps: None,
        ..dataset.ranking_training(derive(seed, "ranking", 0))
    };
    let ease = training.methods().into_iter().find(|method| matches!(method, RankingMethod::Ease { .. }))?;
    Some(training.learn_by(ease))
}

fn score_alone(dataset: &Dataset, factors: &Factors, asked: &TestRating) -> f32 {
    dataset.scale.clip(factors.view().score(asked.user, asked.movie))
}
