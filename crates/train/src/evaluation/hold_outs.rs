//! Hold-outs that a model is measured and calibrated on.

use matinee_model::Factors;
use matinee_model::calibration::Calibration;
use matinee_model::ranking::RankingWeights;

use super::{Errors, TestRating, Tested, test};
use crate::algorithm::{Fitted, Runs, Training};
use crate::algorithms::Configured;
use crate::calibration::{Explained, HeldOut, Parts};
use crate::ratings::{Dataset, Rating, Ratings};
use crate::split;

/// One or several hold-outs of the same ratings. Nobody can ask for a movie that is not in the catalogue, so its ratings are
/// not tested.
pub struct HoldOuts<'a> {
    dataset: &'a Dataset,
    parts: Vec<Part>,
}

struct Part {
    train: Ratings,
    asked: Vec<TestRating>,
    ranking: Option<RankingWeights>,
}

/// The predictions for hold-outs.
pub struct Predicted {
    /// The calibration that is fitted on them, if the algorithm is calibrated and they are large enough.
    pub calibration: Option<Calibration>,
    /// One prediction after the other. Each is calibrated by what was fitted on other users.
    pub tested: Vec<Tested>,
}

impl<'a> HoldOuts<'a> {
    /// As many as the algorithm is measured on, with about `fraction` of the ratings in each.
    pub fn new(
        dataset: &'a Dataset,
        ratings: &Ratings,
        algorithm: &Configured,
        fraction: f64,
        seed: u64,
    ) -> Self {
        let marks = dataset.hold_outs(ratings, fraction, algorithm.hold_outs(), seed);
        let parts = marks.iter().map(|marks| Part::of(dataset, ratings, |index| marks[index])).collect();
        Self { dataset, parts }
    }

    /// One hold-out for each list of places in the data, ascending.
    pub(crate) fn of_places(dataset: &'a Dataset, lists: &[Vec<u32>]) -> Self {
        let part = |places: &Vec<u32>| {
            Part::of(dataset, &dataset.ratings, |index| places.binary_search(&(index as u32)).is_ok())
        };
        Self { dataset, parts: lists.iter().map(part).collect() }
    }

    /// Whether there is something to learn from without each, and something to test on.
    pub fn are_measurable(&self) -> bool {
        self.parts.iter().all(|part| !part.train.is_empty())
            && self.parts.iter().any(|part| !part.asked.is_empty())
    }

    /// Begins runs that each learn without one of the hold-outs.
    pub fn begin<'s>(&self, algorithm: &'s Configured, seed: u64) -> Runs<'s> {
        let trainings: Vec<Training<'_>> =
            self.parts.iter().map(|part| self.dataset.training(&part.train, seed)).collect();
        algorithm.begin_without_hold_outs(&trainings)
    }

    /// The same, and the runs watch the hold-outs.
    pub fn begin_watched<'s>(&'s self, algorithm: &'s Configured, seed: u64) -> Runs<'s> {
        self.begin(algorithm, seed).watched(|fitted| self.uncalibrated_rmse(fitted))
    }

    /// The error of models that learned without each.
    fn uncalibrated_rmse(&self, fitted: &[Fitted]) -> f64 {
        let tested = self.parts.iter().zip(fitted).flat_map(|(part, fitted)| {
            let scores = uncalibrated(self.dataset, &fitted.factors, &part.asked);
            test(&scores, self.dataset, &part.train, &part.asked, None)
        });
        Errors::of(&tested.collect::<Vec<_>>()).rmse
    }

    /// Learns ranking heads, whose scores a calibration can use, from what is left of the ratings, for those that are held out.
    #[must_use]
    pub fn with_rankings(
        mut self,
        learn: impl Fn(&Ratings, &[TestRating]) -> Option<RankingWeights>,
    ) -> Self {
        for part in &mut self.parts {
            part.ranking = learn(&part.train, &part.asked);
        }
        self
    }

    /// The hold-outs with what was learned without each.
    pub fn with<'s>(&'s self, factors: impl IntoIterator<Item = &'s Factors>) -> Vec<HeldOut<'s>> {
        let with = |(Part { train, asked, ranking }, factors): (&'s Part, &'s Factors)| HeldOut {
            train,
            asked,
            factors,
            ranking: ranking.as_ref(),
        };
        self.parts.iter().zip(factors).map(with).collect()
    }
}

impl Part {
    fn of(dataset: &Dataset, ratings: &Ratings, is_held_out: impl Fn(usize) -> bool) -> Self {
        let is_listed = |rating: &Rating| dataset.listed[rating.movie.index()];
        let (train, asked) = split::divide(ratings, is_held_out);
        let asked = asked.iter().filter(is_listed).map(TestRating::from).collect();
        Self { train, asked, ranking: None }
    }
}

impl Predicted {
    /// Predicts the hold-outs.
    pub fn new(dataset: &Dataset, algorithm: &Configured, hold_outs: &[HeldOut<'_>]) -> Self {
        let explained = if algorithm.is_calibrated() { Explained::new(dataset, hold_outs) } else { None };
        let fitted =
            explained.and_then(|explained| Some((explained.fit(Parts::ALL)?, explained.cross_fit()?)));
        let (calibration, scores) = match fitted {
            Some((calibration, scores)) => (Some(calibration), scores),
            None => {
                (None, hold_outs.iter().flat_map(|of| uncalibrated(dataset, of.factors, of.asked)).collect())
            }
        };
        let mut rest = scores.as_slice();
        let mut tested = Vec::with_capacity(scores.len());
        for HeldOut { train, asked, .. } in hold_outs {
            let (own, others) = rest.split_at(asked.len());
            tested.extend(test(own, dataset, train, asked, None));
            rest = others;
        }
        Self { calibration, tested }
    }
}

/// The predictions of factors alone.
pub(super) fn uncalibrated(dataset: &Dataset, factors: &Factors, asked: &[TestRating]) -> Vec<f32> {
    let factors = factors.view();
    asked.iter().map(|asked| dataset.scale.clip(factors.score(asked.user, asked.movie))).collect()
}

/// The factors before they were reduced, if each was.
pub fn unreduced(fitted: &[Fitted]) -> Option<Vec<&Factors>> {
    fitted.iter().map(|fitted| fitted.unreduced.as_ref()).collect()
}
