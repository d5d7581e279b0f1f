//! Training that is interrupted and continued ends with the same bits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use matinee_train::algorithms::configure;
use matinee_train::checkpoint::{CheckpointError, Checkpoints, Halt};
use matinee_train::progress::{Progress, Silent};
use matinee_train::training::{Plan, clear_checkpoint, train, train_resumably};

use crate::sample_data::movielens;

const EPOCHS: usize = 3;

fn plan(algorithm: &str, hold_out: f64) -> Plan {
    let given = match algorithm {
        "svd" => vec![("n_factors", "8"), ("n_epochs", "3")],
        "bayes" => vec![("n_factors", "2"), ("n_burn_in", "1"), ("n_samples", "2"), ("n_chains", "8")],
        _ => vec![],
    };
    Plan { algorithm: configure(algorithm, given).unwrap(), seed: 1, hold_out, training_job: None }
}

/// Interrupts after some epochs, counted over both stages.
struct Interrupting {
    flag: Arc<AtomicBool>,
    epochs_left: AtomicUsize,
}

impl Progress for Interrupting {
    fn stage(&self, _: &str) {}

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {
        if self.epochs_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
}

/// Trains until `epochs` epochs are finished and the interruption takes effect.
fn interrupt(folder: &std::path::Path, plan: &Plan, epochs: usize) {
    let flag = Arc::new(AtomicBool::new(false));
    let checkpoints = Checkpoints::new(folder.to_owned(), Duration::MAX, Arc::clone(&flag));
    let progress = Interrupting { flag, epochs_left: AtomicUsize::new(epochs) };
    let halted = train_resumably(movielens(), plan, &progress, &checkpoints);
    assert!(matches!(halted, Err(Halt::Interrupted(_))), "after {epochs} epochs");
}

fn checkpoints(folder: &std::path::Path) -> Checkpoints {
    Checkpoints::new(folder.to_owned(), Duration::MAX, Arc::default())
}

#[test]
fn the_same_bits_after_an_interruption_at_any_epoch() {
    let plan = plan("svd", 0.1);
    let whole = train(movielens(), &plan, &Silent);
    for epochs in 1..=2 * EPOCHS {
        let folder = tempfile::tempdir().unwrap();
        interrupt(folder.path(), &plan, epochs);
        let resumed = train_resumably(movielens(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
        assert!(resumed.fitted.factors == whole.fitted.factors, "after {epochs} epochs");
        assert_eq!(resumed.measured, whole.measured);
    }
}

#[test]
fn the_same_bits_after_an_interruption_at_every_epoch() {
    let plan = plan("svd", 0.1);
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 * EPOCHS {
        interrupt(folder.path(), &plan, 1);
    }
    let resumed = train_resumably(movielens(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
    assert!(resumed.fitted.factors == train(movielens(), &plan, &Silent).fitted.factors);
}

#[test]
fn a_training_that_was_cleared_begins_anew() {
    let (plan, folder) = (plan("svd", 0.0), tempfile::tempdir().unwrap());
    interrupt(folder.path(), &plan, 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    clear_checkpoint(movielens(), &plan, &checkpoints(folder.path())).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn other_hyperparameters_seeds_and_data_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    interrupt(folder.path(), &plan("svd", 0.1), 1);
    let refusal =
        |plan: &Plan, dataset| match train_resumably(dataset, plan, &Silent, &checkpoints(folder.path())) {
            Err(Halt::Checkpoint(error @ CheckpointError::OtherWork { .. })) => error.to_string(),
            _ => String::new(),
        };
    let mut other = plan("svd", 0.1);
    other.seed = 2;
    assert!(refusal(&other, movielens()).contains("seed is 1 in the checkpoint and 2 here"));
    assert!(
        refusal(&plan("svd", 0.2), movielens()).contains("hold_out is 0.1 in the checkpoint and 0.2 here")
    );
    other.seed = 1;
    other.algorithm = configure("svd", [("n_factors", "9"), ("n_epochs", "3")]).unwrap();
    assert!(refusal(&other, movielens()).contains("n_factors is 8 in the checkpoint and 9 here"));
    let mut fewer = movielens().clone();
    fewer.ratings.pop();
    assert!(refusal(&plan("svd", 0.1), &fewer).contains("the data differ"));
}

#[test]
fn every_algorithm_ends_with_the_same_bits() {
    for (algorithm, epochs) in [("bayes", 4), ("svdpp", 23), ("als", 17), ("bias", 12)] {
        let (plan, folder) = (plan(algorithm, 0.1), tempfile::tempdir().unwrap());
        let whole = train(movielens(), &plan, &Silent);
        interrupt(folder.path(), &plan, epochs);
        let resumed = train_resumably(movielens(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
        assert!(resumed.fitted.factors == whole.fitted.factors, "{algorithm}");
        assert_eq!(resumed.measured, whole.measured, "{algorithm}");
    }
}

#[test]
fn what_is_over_at_once_leaves_no_checkpoint() {
    let (plan, folder) = (plan("mean", 0.1), tempfile::tempdir().unwrap());
    let trained = train_resumably(movielens(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
    assert!(trained.fitted.factors == train(movielens(), &plan, &Silent).fitted.factors);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
