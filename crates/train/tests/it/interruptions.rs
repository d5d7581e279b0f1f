//! Training that is interrupted again and again writes the same bytes, and what it saves in between is small.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use matinee_model::artifact::Manifest;
use matinee_train::algorithms::{CHOICES, configure};
use matinee_train::checkpoint::{Checkpoints, Halt};
use matinee_train::progress::Progress;
use matinee_train::ratings::{Dataset, Digests};
use matinee_train::training::{Plan, Trained, served, train, train_resumably, write};

use crate::sample_data::movielens;

/// The ratings of few users, so that training is quick.
fn few() -> Dataset {
    movielens().with_only(|index| movielens().ratings.get(index).user.0.is_multiple_of(12))
}

fn plan(algorithm: &str, hold_out: f64) -> Plan {
    let given = match algorithm {
        // Two groups of chains, of which each hold-out gets one.
        "bayes" => vec![("n_factors", "5"), ("n_burn_in", "1"), ("n_samples", "2"), ("n_chains", "16")],
        // Enough epochs that variances go further than their estimates.
        "vb" => vec![("n_factors", "5"), ("n_epochs", "5")],
        "svd" | "svdpp" | "als" => vec![("n_factors", "5"), ("n_epochs", "3")],
        "bias" => vec![("n_epochs", "3")],
        _ => vec![],
    };
    Plan::new(configure(algorithm, given).unwrap(), 1, hold_out)
}

/// Counts the steps of the ranking head and the epochs of the rating head, and interrupts after each.
#[derive(Default)]
struct Steps {
    count: AtomicUsize,
    interrupted: Arc<AtomicBool>,
}

impl Progress for Steps {
    fn stage(&self, _: &str) {}

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.interrupted.store(true, Ordering::Relaxed);
    }

    fn step(&self, step: usize) {
        self.epoch(step, 0.0);
    }
}

/// Trains until the first interruption.
fn train_one_step(folder: &Path, dataset: &Dataset, plan: &Plan) -> Option<Trained> {
    let steps = Steps::default();
    let checkpoints = Checkpoints::new(folder.to_owned(), Duration::MAX, Arc::clone(&steps.interrupted));
    match train_resumably(dataset, plan, &steps, &checkpoints) {
        Ok(trained) => Some(trained),
        Err(Halt::Interrupted(_)) => None,
        Err(halt) => panic!("{halt}"),
    }
}

/// The manifest without the time, and the bytes of the other files.
fn artifact(dataset: &Dataset, plan: &Plan, trained: &Trained) -> (Manifest, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let manifest = write(&path, dataset, plan, trained, &Digests::new()).unwrap();
    let files = ["model.safetensors", "movies.csv"].map(|file| std::fs::read(path.join(file)).unwrap());
    (Manifest { created_at: String::new(), ..manifest }, files.to_vec())
}

/// Trains as planned, once without an interruption and once interrupted after every step: those of the ranking head, and the
/// epochs of all stages. Returns the manifest, which is the same.
fn interrupted_after_every_step(dataset: &Dataset, plan: &Plan) -> Manifest {
    let (folder, steps) = (tempfile::tempdir().unwrap(), Steps::default());
    let name = plan.algorithm.name();
    let whole = artifact(dataset, plan, &train(dataset, plan, &steps));
    let mut interruptions = 0;
    let trained = loop {
        match train_one_step(folder.path(), dataset, plan) {
            Some(trained) => break trained,
            None => interruptions += 1,
        }
    };
    assert!(artifact(dataset, plan, &trained) == whole, "{name}");
    let expected = steps.count.into_inner();
    assert!(interruptions == expected && expected >= 8, "{name}: {interruptions} {expected}");
    whole.0
}

#[test]
fn every_algorithm_writes_the_same_bytes_if_it_is_interrupted_after_every_step() {
    let dataset = few();
    for choice in CHOICES {
        interrupted_after_every_step(&dataset, &plan(choice.name, 0.1));
    }
}

#[test]
fn so_it_is_if_the_model_is_compared_with_the_live_one() {
    let dataset = few();
    let old = dataset.with_only(|index| !dataset.ratings.get(index).movie.0.is_multiple_of(4));
    for (algorithm, hold_out) in [("bayes", 0.1), ("svd", 0.1), ("svd", 0.0)] {
        let mut plan = plan(algorithm, hold_out);
        let live = served(&old, &plan, &train(&old, &plan, &Steps::default())).unwrap();
        plan.compare_with(&live, &dataset);
        let manifest = interrupted_after_every_step(&dataset, &plan);
        let compared = manifest.against_live.unwrap();
        assert_eq!(compared.live_version, live.manifest().version);
        assert!(compared.errors.unwrap().test_count >= 200, "{compared:?}");
    }
}

/// About half of the ratings, of the same users and movies.
fn thinned(dataset: &Dataset) -> Dataset {
    let (mut by_user, mut by_movie) = (vec![0; dataset.user_count()], vec![0; dataset.movie_count()]);
    for rating in &dataset.ratings {
        by_user[rating.user.index()] += 1;
        by_movie[rating.movie.index()] += 1;
    }
    let mut is_kept = vec![true; dataset.ratings.len()];
    for (index, rating) in dataset.ratings.iter().enumerate().step_by(2) {
        let (of_user, of_movie) = (&mut by_user[rating.user.index()], &mut by_movie[rating.movie.index()]);
        if *of_user > 1 && *of_movie > 1 {
            is_kept[index] = false;
            *of_user -= 1;
            *of_movie -= 1;
        }
    }
    dataset.with_only(|index| is_kept[index])
}

#[test]
fn a_checkpoint_of_bayes_does_not_grow_with_the_ratings_of_an_entity() {
    let all = few();
    let fewer = thinned(&all);
    let saved = |dataset: &Dataset| {
        let (plan, folder) = (plan("bayes", 0.0), tempfile::tempdir().unwrap());
        let file = folder.path().join("training.checkpoint");
        while !file.exists() {
            assert!(train_one_step(folder.path(), dataset, &plan).is_none());
        }
        std::fs::metadata(file).unwrap().len()
    };
    let dropped = (all.ratings.len() - fewer.ratings.len()) as u64;
    assert!(dropped > 1_000, "{dropped}");
    // The states of the random number generators are decimal numbers of any length.
    assert!(saved(&all).abs_diff(saved(&fewer)) < dropped, "{} {}", saved(&all), saved(&fewer));
}
