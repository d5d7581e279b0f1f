//! Tuning finds what cross-validating every point finds, on any threads, after any interruption.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use matinee_train::checkpoint::{Checkpoints, Halt};
use matinee_train::evaluation::evaluate;
use matinee_train::progress::Silent;
use matinee_train::split::{by_folds, random_folds};
use matinee_train::tuning::elimination::MARGIN;
use matinee_train::tuning::{
    Point, Space, Status, Strategy, TuneError, Tuned, TuningPlan, TuningProgress, clear_checkpoint, tune,
};

use crate::sample_data::movielens;

const FOLDS: u32 = 3;

fn plan(margin: Option<f64>) -> TuningPlan {
    let given = [("n_factors", "4,8"), ("n_epochs", "6,2"), ("lr_all", "0.001,0.02"), ("reg_all", "0.02")];
    let points = Space::new("svd", Strategy::Grid, given).unwrap().points(0).unwrap();
    TuningPlan { algorithm: "svd", points, folds: FOLDS, seed: 1, margin }
}

/// Interrupts after some fits.
struct Interrupting {
    flag: Arc<AtomicBool>,
    after: usize,
}

impl TuningProgress for Interrupting {
    fn fitted(&mut self, _: usize, _: usize, _: f64) {
        self.after = self.after.saturating_sub(1);
        if self.after == 0 {
            self.flag.store(true, Ordering::Relaxed);
        }
    }

    fn round(&mut self, _: u32, _: usize, _: usize, _: &Point, _: f64) {}
}

fn patient() -> Interrupting {
    Interrupting { flag: Arc::default(), after: usize::MAX }
}

fn csv(tuned: &Tuned) -> String {
    String::from_utf8(tuned.to_csv().unwrap()).unwrap()
}

fn checkpoints(folder: &Path, flag: &Arc<AtomicBool>) -> Checkpoints {
    Checkpoints::new(folder.to_owned(), Duration::MAX, Arc::clone(flag))
}

#[test]
fn every_point_gives_what_its_own_cross_validation_gives() {
    let plan = plan(None);
    let tuned = tune(movielens(), &plan, &mut patient(), None).unwrap();
    assert_eq!(tuned.results.len(), 8);
    let folds = by_folds(&random_folds(movielens().ratings.len(), FOLDS, plan.seed));
    for result in &tuned.results {
        let configured = result.point.configure("svd").unwrap();
        let alone = evaluate(movielens(), &configured, &folds, plan.seed, false, &Silent);
        assert_eq!(result.status, Status::Complete);
        let expected: Vec<f64> = alone.folds.iter().map(|fold| fold.rmse).collect();
        assert_eq!(
            result.errors.iter().map(|errors| errors.rmse).collect::<Vec<_>>(),
            expected,
            "{}",
            result.point
        );
        assert!((result.mae() - alone.mean.mae).abs() < 1e-12);
    }
    let best =
        tuned.results.iter().map(matinee_train::tuning::PointResult::rmse).fold(f64::INFINITY, f64::min);
    assert_eq!(tuned.best().unwrap().rmse(), best);
}

#[test]
fn elimination_finds_the_same_best_point_with_less_work() {
    let all = tune(movielens(), &plan(None), &mut patient(), None).unwrap();
    let some = tune(movielens(), &plan(Some(MARGIN)), &mut patient(), None).unwrap();
    assert_eq!(some.best(), all.best());
    let dropped = some.results.iter().filter(|result| result.status == Status::Dropped).count();
    assert!(dropped > 0, "{}", csv(&some));
}

#[test]
fn threads_do_not_change_a_digit() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| csv(&tune(movielens(), &plan(Some(MARGIN)), &mut patient(), None).unwrap()))
    };
    let alone = on(1);
    for threads in [2, 7] {
        assert_eq!(on(threads), alone);
    }
}

#[test]
fn an_interrupted_tuning_goes_on_with_what_is_left() {
    let plan = plan(Some(MARGIN));
    let whole = csv(&tune(movielens(), &plan, &mut patient(), None).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut interruptions = 0;
    let resumed = loop {
        let mut progress = Interrupting { flag: Arc::default(), after: 2 };
        let checkpoints = checkpoints(folder.path(), &progress.flag);
        match tune(movielens(), &plan, &mut progress, Some(&checkpoints)) {
            Ok(tuned) => break tuned,
            Err(TuneError::Halt(Halt::Interrupted(_))) => interruptions += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(interruptions < 100, "it begins again and again");
    };
    assert!(interruptions >= 2);
    assert_eq!(csv(&resumed), whole);

    let mut other = self::plan(Some(MARGIN));
    other.points.pop();
    let checkpoints = checkpoints(folder.path(), &Arc::default());
    let refused = tune(movielens(), &other, &mut patient(), Some(&checkpoints)).err().unwrap();
    assert!(refused.to_string().contains("tuning: points is 8 there and 7 here"), "{refused}");
    clear_checkpoint(movielens(), &plan, &checkpoints).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_point_that_diverges_is_told_and_never_best() {
    let given = [("n_factors", "8"), ("n_epochs", "2,5"), ("lr_all", "1,0.01"), ("reg_all", "0")];
    let points = Space::new("svd", Strategy::Grid, given).unwrap().points(0).unwrap();
    let plan = TuningPlan { algorithm: "svd", points, folds: 2, seed: 0, margin: Some(MARGIN) };
    let tuned = tune(movielens(), &plan, &mut patient(), None).unwrap();
    assert_eq!(tuned.best().unwrap().point.value("lr_all"), Some("0.01"));
    assert_eq!(tuned.results.last().unwrap().status, Status::Diverged);
}

#[test]
fn algorithms_without_epochs_to_share_are_tuned_too() {
    let points = Space::new("bias", Strategy::Grid, [("reg_u", "1,4,16")]).unwrap().points(0).unwrap();
    let plan = TuningPlan { algorithm: "bias", points, folds: FOLDS, seed: 0, margin: None };
    let tuned = tune(movielens(), &plan, &mut patient(), None).unwrap();
    let rows = csv(&tuned);
    assert!(
        rows.starts_with("rank,status,folds,mean_rmse,mean_mae,reg_u,rmse_0,rmse_1,rmse_2\n1,complete,3,0.")
    );
    assert_eq!(rows.lines().count(), 4);
}
