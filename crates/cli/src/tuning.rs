//! The outcome of a tuning, on the command line and in a training job.

use anyhow::{Context, Result};
use matinee_train::algorithms;
use matinee_train::tuning::{PointResult, Tuned, TuningPlan};

/// The point that predicts best. Fails if the algorithm diverged at every point, and says what to try.
pub fn best_point<'a>(tuned: &'a Tuned, plan: &TuningPlan) -> Result<&'a PointResult> {
    let best = tuned.best();
    best.with_context(|| {
        let remedy = if has_learning_rate(plan.algorithm) {
            "try smaller values of `lr_all`"
        } else {
            "try other values"
        };
        format!("{} diverged at every point; {remedy}", plan.algorithm)
    })
}

fn has_learning_rate(algorithm: &str) -> bool {
    let choice = algorithms::CHOICES.iter().find(|choice| choice.name == algorithm);
    choice.is_some_and(|choice| choice.hyperparameters.iter().any(|parameter| parameter.name == "lr_all"))
}
