//! Metrics as lines on standard output, which `SageMaker` reads by regular expressions.

use matinee_train::progress::Progress;
use matinee_train::tuning::{Point, TuningProgress};
use serde_json::{Value, json};

/// The name of each metric in `SageMaker`, which its automatic tuning uses too, and the word before its value in the
/// output.
const METRICS: [(&str, &str); 4] = [
    ("train:rmse", "train_rmse"),
    ("validation:rmse", "validation_rmse"),
    ("validation:mae", "validation_mae"),
    ("tuning:rmse", "tuning_rmse"),
];

/// The `MetricDefinitions` of a training job.
pub fn definitions() -> Value {
    METRICS.iter().map(|(name, word)| json!({"Name": name, "Regex": format!("{word}=([0-9.]+);")})).collect()
}

/// Prints the errors on the ratings that were held out.
pub(super) fn print_validation(rmse: f64, mae: f64) {
    say!("validation_rmse={rmse:.6};");
    say!("validation_mae={mae:.6};");
}

/// Prints the progress of a job.
pub(super) struct JobProgress;

impl Progress for JobProgress {
    fn stage(&self, purpose: &str) {
        say!("{purpose}");
    }

    fn begin(&self, _: usize) {}

    fn epoch(&self, epoch: usize, train_rmse: f64) {
        say!("epoch={epoch}; train_rmse={train_rmse:.6};");
    }

    fn step(&self, step: usize) {
        say!("step {step}");
    }
}

impl TuningProgress for JobProgress {
    fn fitted(&mut self, done: usize, of: usize, rmse: f64) {
        say!("fit {done} of {of}; fit_rmse={rmse:.6};");
    }

    fn round(&mut self, folds: u32, left: usize, dropped: usize, leader: &Point, mean_rmse: f64) {
        say!("{left} points evaluated on {folds} folds, {dropped} dropped; the best is {leader}");
        say!("tuning_rmse={mean_rmse:.6};");
    }
}
