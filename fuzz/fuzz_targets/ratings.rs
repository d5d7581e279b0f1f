//! Any bytes as ratings and catalogue: they are learned from or reported, without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matinee_model::RatingScale;
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};

/// The separator between the ratings and the catalogue.
const SEPARATOR: &[u8] = b"\n---\n";

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (ratings, movies) =
        at.map_or((bytes, None), |at| (&bytes[..at], Some(&bytes[at + SEPARATOR.len()..])));
    let csv = |name: &str, bytes: &[u8]| CsvFile { name: name.to_owned(), bytes: bytes.to_vec() };
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", ratings)],
        movies: movies.map(|movies| csv("movies.csv", movies)),
        links: None,
    };
    let (dataset, report) = check(&inputs, RatingScale::MOVIELENS);
    let _ = report.to_string();
    if !report.refuses_training() {
        let bias = configure("bias", []).expect("it has defaults");
        let fitted = bias.fit(&dataset.training(&dataset.ratings, 0), &Silent);
        assert!(fitted.factors.mean.is_finite());
    }
});
