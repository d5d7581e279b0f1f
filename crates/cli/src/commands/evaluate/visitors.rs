//! `matinee evaluate --split visitors`.

use std::path::Path;

use anyhow::{Result, bail};
use matinee_train::algorithms::Configured;
use matinee_train::evaluation::evaluate_visitors;
use matinee_train::ratings::Dataset;
use matinee_train::training::Plan;

use super::Args;
use crate::progress::FitBars;
use crate::report::{VisitorReport, VisitorsOf};

/// The share of the ratings in each hold-out, as in `matinee train`.
const HOLD_OUT: f64 = 0.1;

/// Evaluates each algorithm on the same visitors.
pub fn run(
    args: &Args,
    candidates: Vec<Configured>,
    file: &Path,
    dataset: &Dataset,
) -> Result<VisitorReport> {
    if args.learning_curve {
        bail!(
            "there is no learning curve of visitors; leave out --learning-curve, or choose another --split"
        );
    }
    let seed = args.basics.seed;
    let mut results = Vec::with_capacity(candidates.len());
    for algorithm in candidates {
        let bars = FitBars::of(algorithm.name());
        let plan = Plan::new(algorithm, seed, HOLD_OUT);
        let evaluation = evaluate_visitors(dataset, &plan, &bars)?;
        let Plan { algorithm, .. } = plan;
        let hyperparameters = algorithm.hyperparameters();
        results.push(VisitorsOf { algorithm: algorithm.name(), hyperparameters, evaluation });
    }
    Ok(VisitorReport::new(file, dataset, args.split.describe(), seed, results))
}
