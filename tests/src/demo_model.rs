//! A model of the ratings in `data/`, trained in a moment, and the events in `events/`.

use std::path::{Path, PathBuf};

use matinee_model::RatingScale;
use matinee_model::artifact::{Manifest, UsersFile};
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Dataset, Inputs, check};
use matinee_train::training::{self, Plan};
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The files in `data/`.
pub fn small_inputs() -> Inputs {
    let read = |name: &str| {
        let bytes = std::fs::read(Path::new(ROOT).join("data").join(name)).unwrap();
        CsvFile { name: name.to_owned(), bytes }
    };
    Inputs { ratings: vec![read("ratings.csv")], movies: Some(read("movies.csv")), links: None }
}

/// Trains a small SVD on `data/` and writes it to `output`; other seeds give other models.
pub fn train_small(output: &Path, seed: u64) -> Manifest {
    train(output, &small_inputs(), ("n_factors", "8"), seed)
}

/// The same model with its users in memory, and with its users in a file.
pub fn train_in_both_forms(in_memory: &Path, in_file: &Path) {
    let inputs = small_inputs();
    let (dataset, plan) = planned(&inputs, ("n_factors", "8"), 0);
    let trained = training::train(&dataset, &plan, &Silent);
    for (output, users_file) in [(in_memory, UsersFile::Never), (in_file, UsersFile::Always)] {
        training::write_with(output, &dataset, &plan, &trained, &inputs.digests(), users_file).unwrap();
    }
}

/// The same on these ratings and movies, with this hyperparameter.
pub fn train_on(
    output: &Path,
    (ratings, movies): (String, String),
    parameter: (&str, &str),
    seed: u64,
) -> Manifest {
    let file = |name: &str, text: String| CsvFile { name: name.to_owned(), bytes: text.into_bytes() };
    let inputs = Inputs {
        ratings: vec![file("ratings.csv", ratings)],
        movies: Some(file("movies.csv", movies)),
        links: None,
    };
    train(output, &inputs, parameter, seed)
}

fn train(output: &Path, inputs: &Inputs, parameter: (&str, &str), seed: u64) -> Manifest {
    let (dataset, plan) = planned(inputs, parameter, seed);
    let trained = training::train(&dataset, &plan, &Silent);
    training::write(output, &dataset, &plan, &trained, &inputs.digests()).unwrap()
}

fn planned(inputs: &Inputs, parameter: (&str, &str), seed: u64) -> (Dataset, Plan) {
    let (dataset, _) = check(inputs, RatingScale::MOVIELENS);
    let algorithm = configure("svd", [parameter, ("n_epochs", "3")]).unwrap();
    (dataset, Plan::new(algorithm, seed, 0.0))
}

/// Where the events for `sam local invoke` are.
pub fn events_folder() -> PathBuf {
    Path::new(ROOT).join("events")
}

/// An event by its name, without `.json`.
pub fn read_event(name: &str) -> Value {
    let path = events_folder().join(name).with_extension("json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
