//! Learns from generated ratings, and compares the error with the lowest possible one.

use std::time::Instant;

use anyhow::Result;
use matinee_model::RatingScale;
use matinee_train::algorithm::Training;
use matinee_train::algorithms;
use matinee_train::attributes::MovieAttributes;
use matinee_train::evaluation::measure;
use matinee_train::progress::Silent;
use matinee_train::split::{divide, random_hold_out};

use crate::planted::{NOISE, Planted, RATINGS_PER_USER};
use crate::process::peak_megabytes;

/// The share of the ratings that is tested.
const HOLD_OUT: f64 = 0.1;

pub fn run(count: usize, name: &str) -> Result<()> {
    let algorithm = algorithms::configure(name, [])?.for_ratings(count);
    let Planted { ratings, user_count, movie_count } = Planted::new(count, RATINGS_PER_USER, 0);
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
        "{name:<8} {count:>9} {user_count:>7} {movie_count:>7} {seconds:>9.2} {:>12.2} {before:>10.0} {:>10.0} {rmse:>8.4} {NOISE:>8.4}",
        train.len() as f64 / seconds / 1e6,
        peak_megabytes()?,
    );
    Ok(())
}
