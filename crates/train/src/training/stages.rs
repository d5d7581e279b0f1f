//! The stages of learning the rating head: measuring, comparing with the live model, and learning from all ratings.

use matinee_model::UserPrior;
use matinee_model::artifact::{AgainstLive, GroupErrors};
use matinee_model::calibration::Calibration;
use matinee_model::ranking::RankingMethod;

use super::{Measured, Plan, Trained};
use crate::algorithm::{Completed, Fitted, Runs};
use crate::algorithms::Configured;
use crate::calibration::{Explained, HeldOut, Parts};
use crate::evaluation::{HoldOuts, TestRating, predictions, unreduced};
use crate::prior::user_prior;
use crate::progress::Progress;
use crate::ranking::RankedHead;
use crate::ratings::Dataset;

/// The parts of learning the rating head, with what those before have found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    /// Learning without the hold-outs.
    Measuring,
    /// Learning without what came in since the live model was trained.
    Comparing(Option<Box<Measured>>),
    /// Learning from all ratings. Has the errors on what came in, if enough did.
    Final(Option<Box<Measured>>, Option<GroupErrors>),
}

/// The rating head, ready to be joined with the ranking head.
pub(super) struct RatingHead {
    fitted: Fitted,
    measured: Option<Measured>,
    against_live: Option<AgainstLive>,
    user_prior: UserPrior,
}

impl RatingHead {
    pub(super) fn with(self, ranking: RankedHead) -> Trained {
        let Self { fitted, measured, against_live, user_prior } = self;
        Trained { fitted, measured, against_live, user_prior, ranking }
    }
}

/// Begins the runs of a stage.
pub(super) type Begin<'a> = &'a dyn Fn() -> Runs<'a>;

/// What all stages need.
pub(super) struct Stages<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) plan: &'a Plan,
    pub(super) progress: &'a dyn Progress,
    /// The method of the ranking head that will be served.
    pub(super) served_by: RankingMethod,
}

impl Stages<'_> {
    /// Runs the stages from this one on, each with `fit`.
    pub(super) fn run<E>(
        &self,
        mut stage: Stage,
        mut fit: impl FnMut(&Stage, Begin<'_>) -> Result<Completed, E>,
    ) -> Result<RatingHead, E> {
        loop {
            stage = match stage {
                Stage::Measuring => Stage::Comparing(self.measure(&mut fit)?.map(Box::new)),
                Stage::Comparing(measured) => {
                    let errors = self.compare(measured.as_deref(), &mut fit)?;
                    Stage::Final(measured, errors)
                }
                Stage::Final(measured, errors) => {
                    return self.learn(measured.as_deref(), errors.as_ref(), &mut fit);
                }
            };
        }
    }

    /// Learns without the hold-outs. `None` if there are none.
    fn measure<E>(
        &self,
        mut fit: impl FnMut(&Stage, Begin<'_>) -> Result<Completed, E>,
    ) -> Result<Option<Measured>, E> {
        let Self { dataset, plan, .. } = *self;
        if plan.hold_out == 0.0 {
            return Ok(None);
        }
        self.progress.stage("learning without the hold-outs, to measure the model");
        let algorithm = plan.algorithm_for(dataset);
        let hold_outs =
            HoldOuts::new(dataset, &dataset.ratings, &algorithm, plan.hold_out, plan.hold_out_seed());
        if !hold_outs.are_measurable() {
            self.progress.stage("too few ratings for a hold-out: the model is not measured");
            return Ok(None);
        }
        let begin = || hold_outs.begin_watched(&algorithm, plan.seed);
        let Completed { fitted, chosen } = fit(&Stage::Measuring, &begin)?;
        let hold_outs = self.with_rankings(hold_outs);
        let served = hold_outs.with(fitted.iter().map(|fitted| &fitted.factors));
        let unreduced = unreduced(&fitted).map(|factors| hold_outs.with(factors));
        Ok(Some(Measured {
            chosen,
            calibration_of_learned: self.calibration_of_learned(&algorithm, &served),
            ..Measured::of(&algorithm, dataset, &served, unreduced.as_deref())
        }))
    }

    /// Learns without what came in since the live model was trained, and measures the errors on it. `None` if there is no live
    /// model, or if too few ratings came in.
    fn compare<E>(
        &self,
        measured: Option<&Measured>,
        mut fit: impl FnMut(&Stage, Begin<'_>) -> Result<Completed, E>,
    ) -> Result<Option<GroupErrors>, E> {
        let Self { dataset, plan, .. } = *self;
        let Some(came_in) = &plan.came_in else { return Ok(None) };
        let Some(hold_outs) = came_in.hold_outs(dataset).filter(HoldOuts::are_measurable) else {
            let count = came_in.count();
            self.progress.stage(&format!(
                "only {count} ratings came in since the live model was trained: the models are not compared on them"
            ));
            return Ok(None);
        };
        self.progress.stage("learning without what came in, to compare the model with the live one");
        let algorithm = plan.final_algorithm(dataset, measured);
        let stage = Stage::Comparing(measured.cloned().map(Box::new));
        let begin = || hold_outs.begin(&algorithm, plan.seed);
        let Completed { fitted, .. } = fit(&stage, &begin)?;
        let hold_outs = self.with_rankings(hold_outs);
        let served = hold_outs.with(fitted.iter().map(|fitted| &fitted.factors));
        let calibration = measured.and_then(|measured| measured.calibration_of_learned.as_ref());
        let errors = served.iter().flat_map(|HeldOut { train, asked, factors, ranking }| {
            let scores = predictions(dataset, factors, calibration, train, asked, *ranking);
            let error = |(asked, score): (&TestRating, f32)| Some((asked.user?, asked.rating - score));
            asked.iter().zip(scores).filter_map(error).collect::<Vec<_>>()
        });
        Ok(Some(dataset.group_errors(errors)))
    }

    /// Learns from all ratings.
    fn learn<E>(
        &self,
        measured: Option<&Measured>,
        errors: Option<&GroupErrors>,
        mut fit: impl FnMut(&Stage, Begin<'_>) -> Result<Completed, E>,
    ) -> Result<RatingHead, E> {
        let Self { dataset, plan, .. } = *self;
        self.progress.stage("learning from all ratings");
        let algorithm = plan.final_algorithm(dataset, measured);
        let begin = || Runs::new(vec![algorithm.begin(&dataset.training(&dataset.ratings, plan.seed))]);
        let stage = Stage::Final(measured.cloned().map(Box::new), errors.cloned());
        let fitted = fit(&stage, &begin)?.fitted.remove(0);
        let user_prior = user_prior(fitted.factors.view(), &dataset.ratings, dataset.scale);
        let against_live = plan.came_in.as_ref().map(|came_in| came_in.compared_with(errors));
        Ok(RatingHead { fitted, measured: measured.cloned(), against_live, user_prior })
    }

    /// The calibration that is fitted on what the live model has learned too. So no rating that came in is predicted by what
    /// was fitted on it.
    fn calibration_of_learned(
        &self,
        algorithm: &Configured,
        hold_outs: &[HeldOut<'_>],
    ) -> Option<Calibration> {
        let came_in = self.plan.came_in.as_ref().filter(|_| algorithm.is_calibrated())?;
        Explained::new(self.dataset, hold_outs)?.fit_where(Parts::ALL, |rating| !came_in.has(rating))
    }

    /// The hold-outs with ranking heads, if the calibration can use their scores.
    fn with_rankings<'h>(&self, hold_outs: HoldOuts<'h>) -> HoldOuts<'h> {
        hold_outs.with_rankings(|train, asked| {
            self.plan.weights_for_calibration(self.dataset, train, asked, self.served_by)
        })
    }
}
