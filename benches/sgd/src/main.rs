//! Measures SGD epochs on one thread in ratings per second, and in the same run the peak rates of the machine's arithmetic
//! and memory: `matinee-sgd RATINGS.csv [RANK]`.

mod machine;

use std::time::Instant;

use anyhow::{Context, Result};
use matinee_model::RatingScale;
use matinee_train::algorithms::svd::{HYPERPARAMETERS, Svd};
use matinee_train::hyperparameters::Hyperparameters;
use matinee_train::ratings::{CsvFile, Inputs, check};

/// The epochs of a measurement, and the number of measurements. The fastest counts, because the others were disturbed.
const EPOCHS: usize = 40;
const REPEATS: usize = 7;
/// Operations per factor for a score and the update of both factor rows: two for the product, and three for each row.
const OPERATIONS_PER_FACTOR: f64 = 8.0;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("usage: matinee-sgd RATINGS.csv [RANK]")?;
    let rank = arguments.next().unwrap_or_else(|| "64".to_owned());
    let csv = CsvFile { name: path.clone(), bytes: std::fs::read(&path)? };
    let (dataset, _) =
        check(&Inputs { ratings: vec![csv], movies: None, links: None }, RatingScale::MOVIELENS);
    let hyperparameters = Hyperparameters::resolve(HYPERPARAMETERS, [("n_factors", rank.as_str())])?;
    let mut descent = Svd::new(&hyperparameters).begin(&dataset.training(&dataset.ratings, 0));
    let count = (EPOCHS * dataset.ratings.len()) as f64;
    let seconds = machine::fastest(REPEATS, || {
        for _ in 0..EPOCHS {
            descent.epoch();
        }
    });
    let (rate, peak) = (count / seconds, machine::fused_operations(REPEATS));
    let operations = rate * OPERATIONS_PER_FACTOR * rank.parse::<f64>()?;
    println!("SGD, rank {rank}, one thread      {:8.1} million ratings/s", rate / 1e6);
    println!("its arithmetic                {:8.1} GFLOP/s", operations / 1e9);
    println!(
        "peak of fused multiply-adds   {:8.1} GFLOP/s, of which SGD reaches {:.0} %",
        peak / 1e9,
        100.0 * operations / peak
    );
    println!("reading memory                {:8.1} GB/s", machine::read_bytes(REPEATS) / 1e9);
    Ok(())
}

/// The time that `work` takes.
fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}
