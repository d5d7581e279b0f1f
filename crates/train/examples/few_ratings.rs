//! How well `bayes` predicts from very few ratings, compared to the mean and the biases: the table of
//! `docs/adr/0058-doubt-while-there-are-hardly-any-ratings.md`. Run it in the root of the repository.

use std::error::Error;
use std::fmt::Write;

use matinee_model::RatingScale;
use matinee_train::algorithms::configure;
use matinee_train::evaluation::measure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::split::{divide, random_hold_out};

const SIZES: [usize; 6] = [3, 10, 30, 100, 300, 1000];
/// Samples of each size.
const SAMPLES: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let read = |name: &str| -> Result<CsvFile, Box<dyn Error>> {
        Ok(CsvFile { name: name.to_owned(), bytes: std::fs::read(format!("data/{name}"))? })
    };
    let inputs =
        Inputs { ratings: vec![read("ratings.csv")?], movies: Some(read("movies.csv")?), links: None };
    let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    let marks = random_hold_out(dataset.ratings.len(), 0.2, 0);
    let (rest, test) = divide(&dataset.ratings, |index| marks[index]);
    for size in SIZES {
        let mut line = format!("{size:>5} ratings:");
        for algorithm in ["mean", "bias", "bayes"] {
            let configured = configure(algorithm, [])?;
            let rmse = |seed| {
                let left_out = random_hold_out(rest.len(), 1.0 - size as f64 / rest.len() as f64, seed);
                let (train, _) = divide(&rest, |index| left_out[index]);
                let fitted = configured.fit(&dataset.training(&train, seed), &Silent);
                measure(fitted.factors.view(), &test, dataset.scale).rmse
            };
            let mean = (0..SAMPLES).map(rmse).sum::<f64>() / SAMPLES as f64;
            write!(line, " {algorithm} {mean:.4}")?;
        }
        println!("{line}");
    }
    Ok(())
}
