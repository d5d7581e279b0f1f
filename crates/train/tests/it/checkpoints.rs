//! Training that is interrupted and continued ends with the same bits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use matinee_train::algorithms::configure;
use matinee_train::checkpoint::{CheckpointError, Checkpoints, Halt};
use matinee_train::progress::{Progress, Silent};
use matinee_train::ratings::Dataset;
use matinee_train::training::{Plan, clear_checkpoint, train, train_resumably};

use crate::sample_data::movielens;

const EPOCHS: usize = 3;

/// The ratings of few users, so that the ranking head is trained quickly.
fn few() -> &'static Dataset {
    static DATASET: OnceLock<Dataset> = OnceLock::new();
    DATASET.get_or_init(|| {
        movielens().with_only(|index| movielens().ratings.get(index).user.0.is_multiple_of(12))
    })
}

fn plan(algorithm: &str, hold_out: f64) -> Plan {
    let given = match algorithm {
        "svd" => vec![("n_factors", "8"), ("n_epochs", "3")],
        "bayes" => vec![
            ("n_factors", "2"),
            ("n_burn_in", "1"),
            ("max_burn_in", "1"),
            ("n_samples", "2"),
            ("n_chains", "8"),
        ],
        _ => vec![],
    };
    Plan::new(configure(algorithm, given).unwrap(), 1, hold_out)
}

/// Interrupts after some epochs of the rating head, counted over both of its stages, or after some steps of the ranking head.
struct Interrupting {
    flag: Arc<AtomicBool>,
    epochs_left: AtomicUsize,
    steps_left: AtomicUsize,
}

impl Interrupting {
    fn after(epochs: usize, steps: usize) -> Self {
        let [epochs_left, steps_left] = [epochs, steps].map(AtomicUsize::new);
        Self { flag: Arc::default(), epochs_left, steps_left }
    }

    fn count(&self, left: &AtomicUsize) {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
}

impl Progress for Interrupting {
    fn stage(&self, _: &str) {}

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {
        self.count(&self.epochs_left);
    }

    fn step(&self, _: usize) {
        self.count(&self.steps_left);
    }
}

/// Trains until `epochs` epochs are finished and the interruption takes effect.
fn interrupt(folder: &std::path::Path, plan: &Plan, epochs: usize) {
    interrupt_by(folder, plan, few(), Interrupting::after(epochs, usize::MAX));
}

fn interrupt_by(folder: &std::path::Path, plan: &Plan, dataset: &Dataset, progress: Interrupting) {
    let checkpoints = Checkpoints::new(folder.to_owned(), Duration::MAX, Arc::clone(&progress.flag));
    let halted = train_resumably(dataset, plan, &progress, &checkpoints);
    assert!(matches!(halted, Err(Halt::Interrupted(_))));
}

fn checkpoints(folder: &std::path::Path) -> Checkpoints {
    Checkpoints::new(folder.to_owned(), Duration::MAX, Arc::default())
}

#[test]
fn the_same_bits_after_an_interruption_at_any_epoch() {
    let plan = plan("svd", 0.1);
    let whole = train(few(), &plan, &Silent);
    for epochs in 1..=2 * EPOCHS {
        let folder = tempfile::tempdir().unwrap();
        interrupt(folder.path(), &plan, epochs);
        let resumed = train_resumably(few(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
        assert!(resumed.fitted.factors == whole.fitted.factors, "after {epochs} epochs");
        assert_eq!(resumed.measured, whole.measured);
    }
}

/// Three groups of eight chains, of which each hold-out gets two. Interrupted once in each stage.
#[test]
fn several_groups_of_chains_continue_with_the_same_bits() {
    let given = [("n_factors", "2"), ("n_burn_in", "1"), ("n_samples", "2"), ("n_chains", "24")];
    let plan = Plan { algorithm: configure("bayes", given).unwrap(), ..plan("bayes", 0.1) };
    let whole = train(few(), &plan, &Silent);
    for epochs in [2, EPOCHS + 2] {
        let folder = tempfile::tempdir().unwrap();
        interrupt(folder.path(), &plan, epochs);
        let resumed = train_resumably(few(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
        assert!(resumed.fitted.factors == whole.fitted.factors, "after {epochs} epochs");
        assert!(resumed.fitted.unreduced == whole.fitted.unreduced, "after {epochs} epochs");
        assert_eq!(resumed.measured, whole.measured);
    }
}

/// The comparison takes eight steps. If `ials` is the best method here, it takes eight more.
#[test]
fn the_same_ranking_head_after_an_interruption_at_any_step() {
    let (plan, dataset) = (plan("mean", 0.0), few());
    let whole = train(dataset, &plan, &Silent).ranking;
    for steps in 1..=8 {
        let folder = tempfile::tempdir().unwrap();
        interrupt_by(folder.path(), &plan, dataset, Interrupting::after(usize::MAX, steps));
        let resumed = train_resumably(dataset, &plan, &Silent, &checkpoints(folder.path())).unwrap();
        assert!(resumed.ranking == whole, "after {steps} steps");
    }
}

/// Collects the names of the stages.
#[derive(Default)]
struct Stages(std::sync::Mutex<Vec<String>>);

impl Progress for Stages {
    fn stage(&self, purpose: &str) {
        self.0.lock().unwrap().push(purpose.to_owned());
    }

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {}
}

#[test]
fn a_finished_ranking_head_is_not_trained_again() {
    let (plan, dataset) = (plan("svd", 0.0), few());
    let whole = train(dataset, &plan, &Silent).ranking;
    let folder = tempfile::tempdir().unwrap();
    interrupt_by(folder.path(), &plan, dataset, Interrupting::after(1, usize::MAX));
    let stages = Stages::default();
    let resumed = train_resumably(dataset, &plan, &stages, &checkpoints(folder.path())).unwrap();
    assert!(resumed.ranking == whole);
    let stages = stages.0.into_inner().unwrap();
    assert!(stages.iter().all(|stage| !stage.contains("ranking head")), "{stages:?}");

    let stages = Stages::default();
    dataset.ranking_training(1).learn(&stages);
    let stages = stages.0.into_inner().unwrap();
    let learned = |word: &str| stages.iter().filter(|stage| stage.contains(word)).count();
    assert_eq!((learned("to compare"), learned("from all ratings")), (2, 1), "{stages:?}");
}

#[test]
fn the_same_bits_after_an_interruption_at_every_epoch() {
    let plan = plan("svd", 0.1);
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 * EPOCHS {
        interrupt(folder.path(), &plan, 1);
    }
    let resumed = train_resumably(few(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
    assert!(resumed.fitted.factors == train(few(), &plan, &Silent).fitted.factors);
}

#[test]
fn a_training_that_was_cleared_begins_anew() {
    let (plan, folder) = (plan("svd", 0.0), tempfile::tempdir().unwrap());
    interrupt(folder.path(), &plan, 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "one for each head");
    clear_checkpoint(few(), &plan, &checkpoints(folder.path())).unwrap();
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
    assert!(refusal(&other, few()).contains("seed is 1 in the checkpoint and 2 here"));
    assert!(refusal(&plan("svd", 0.2), few()).contains("hold_out is 0.1 in the checkpoint and 0.2 here"));
    other.seed = 1;
    other.algorithm = configure("svd", [("n_factors", "9"), ("n_epochs", "3")]).unwrap();
    assert!(refusal(&other, few()).contains("n_factors is 8 in the checkpoint and 9 here"));
    let fewer = few().with_only(|index| index > 0);
    assert!(refusal(&plan("svd", 0.1), &fewer).contains("the data differ"));
}

#[test]
fn what_is_over_at_once_leaves_no_checkpoint() {
    let (plan, folder) = (plan("mean", 0.1), tempfile::tempdir().unwrap());
    let trained = train_resumably(few(), &plan, &Silent, &checkpoints(folder.path())).unwrap();
    assert!(trained.fitted.factors == train(few(), &plan, &Silent).fitted.factors);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
