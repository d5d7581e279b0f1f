//! Tuning finds the same best point as cross-validating every point, on any number of threads and after any interruption.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use matinee_model::RatingScale;
use matinee_train::checkpoint::{Checkpoints, Halt};
use matinee_train::evaluation::evaluate;
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Inputs, check};
use matinee_train::split::{by_folds, random_folds};
use matinee_train::tuning::elimination::MARGIN;
use matinee_train::tuning::{
    Point, Space, Status, Strategy, TuneError, Tuned, TuningPlan, TuningProgress, clear_checkpoint, compare,
    tune,
};

use crate::sample_data::{csv as file, movielens};

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
    assert!(refused.to_string().contains("tuning: points is 8 in the checkpoint and 7 here"), "{refused}");
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

/// Movie 9 is not in the catalogue.
fn few(ratings: &str) -> Dataset {
    let inputs = Inputs {
        ratings: vec![file("ratings.csv", &format!("userId,movieId,rating\n{ratings}"))],
        movies: Some(file("movies.csv", "movieId,title\n1,One\n2,Two\n3,Three\n")),
        links: None,
    };
    check(&inputs, RatingScale::MOVIELENS).0
}

/// Regularised so strongly that it predicts the mean of its training ratings.
fn mean_plan(folds: u32, margin: Option<f64>) -> TuningPlan {
    let given = [("reg_u", "1e6"), ("reg_i", "1e6,1e5")];
    let points = Space::new("bias", Strategy::Grid, given).unwrap().points(0).unwrap();
    TuningPlan { algorithm: "bias", points, folds, seed: 0, margin }
}

#[test]
fn folds_without_anything_to_measure_on_do_not_count() {
    let dataset = few("1,1,4\n2,2,4\n3,3,5\n4,9,1\n");
    assert_eq!(dataset.unlisted_count(), 1);
    // Each listed rating by the mean of the three others: 10/3, 10/3 and 3.
    let expected = f64::midpoint(4.0 / 3.0, 2.0) * 2.0 / 3.0;
    for margin in [None, Some(MARGIN)] {
        let plan = mean_plan(4, margin);
        let tuned = tune(&dataset, &plan, &mut patient(), None).unwrap();
        let best = tuned.best().unwrap();
        assert_eq!((best.status, best.errors.len()), (Status::Complete, 3), "{margin:?}");
        assert!((best.rmse() - expected).abs() < 1e-3, "{}", best.rmse());
        let alone = best.point.configure("bias").unwrap();
        let compared = compare(&dataset, &[&alone, &alone], 4, plan.seed, &mut patient()).unwrap();
        assert_eq!(compared, [best.rmse(); 2]);
    }
}

#[test]
fn folds_that_would_be_empty_are_refused() {
    for (ratings, folds, named) in [
        ("1,1,4\n2,2,4\n3,3,5\n", 5, "5 folds of 3 ratings: some would be empty; use at most 3 folds"),
        (
            "1,1,4\n",
            2,
            "tuning needs at least 2 ratings, one to learn from and one to measure on, but the number of ratings is 1",
        ),
        ("1,9,4\n2,9,4\n", 2, "no rating is for a movie in the catalogue"),
    ] {
        for margin in [None, Some(MARGIN)] {
            let refused = tune(&few(ratings), &mean_plan(folds, margin), &mut patient(), None).err().unwrap();
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }
}
