//! Trains on generated ratings, and prints the time, the peak memory, and the error next to the lowest possible error.
//!
//! Each process trains one size, so that the peak memory belongs to it. `benches/growth/run.sh` runs several sizes.

mod planted;

use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use matinee_model::RatingScale;
use matinee_train::algorithm::Training;
use matinee_train::algorithms;
use matinee_train::attributes::MovieAttributes;
use matinee_train::evaluation::measure;
use matinee_train::progress::Silent;
use matinee_train::split::{divide, random_hold_out};
use planted::{NOISE, Planted};

/// The share of the ratings that is tested.
const HOLD_OUT: f64 = 0.1;

#[derive(Parser)]
struct Args {
    /// How many ratings
    ratings: usize,
    /// Algorithm
    #[arg(long, default_value = algorithms::DEFAULT)]
    algorithm: String,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let algorithm = algorithms::configure(&args.algorithm, [])?.for_ratings(args.ratings);
    let Planted { ratings, user_count, movie_count } = Planted::new(args.ratings, 0);
    let marks = random_hold_out(ratings.len(), HOLD_OUT, 0);
    let (train, test) = divide(&ratings, |index| marks[index]);
    drop(ratings);
    let attributes = MovieAttributes::default();
    let training = Training {
        user_count,
        movie_count,
        ratings: &train,
        attributes: &attributes,
        scale: RatingScale::MOVIELENS,
        seed: 0,
    };
    let before = peak_megabytes()?;
    let begin = Instant::now();
    let fitted = algorithm.fit(&training, &Silent);
    let seconds = begin.elapsed().as_secs_f64();
    let rmse = measure(fitted.factors.view(), &test, RatingScale::MOVIELENS).rmse;
    println!(
        "{:<8} {:>9} {user_count:>7} {movie_count:>7} {seconds:>9.2} {:>12.2} {:>10.0} {:>10.0} {rmse:>8.4} {NOISE:>8.4}",
        args.algorithm,
        args.ratings,
        train.len() as f64 / seconds / 1e6,
        before,
        peak_megabytes()?,
    );
    Ok(())
}

/// The peak memory of this process so far, as reported by Linux.
fn peak_megabytes() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}
