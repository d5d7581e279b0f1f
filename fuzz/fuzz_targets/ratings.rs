//! Any bytes as ratings and catalogue: learned from, or reported; never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matinee_model::RatingScale;
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};

/// What parts the ratings from the catalogue.
const PART: &[u8] = b"\n---\n";

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.windows(PART.len()).position(|window| window == PART);
    let (ratings, movies) = at.map_or((bytes, None), |at| (&bytes[..at], Some(&bytes[at + PART.len()..])));
    let csv = |name: &str, bytes: &[u8]| CsvFile { name: name.to_owned(), bytes: bytes.to_vec() };
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", ratings)],
        movies: movies.map(|movies| csv("movies.csv", movies)),
    };
    let (dataset, report) = check(&inputs, RatingScale::MOVIELENS);
    let _ = report.to_string();
    if !report.refuses_training() {
        let bias = configure("bias", []).expect("it has defaults");
        let fitted = bias.fit(&dataset.training(&dataset.ratings, 0), &Silent);
        assert!(fitted.factors.mean.is_finite());
    }
});
