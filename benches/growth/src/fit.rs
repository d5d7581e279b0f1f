//! Learns from generated ratings, and compares the error with the lowest possible one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use anyhow::Result;
use matinee_model::{Factors, RatingScale};
use matinee_train::algorithm::Training;
use matinee_train::algorithms;
use matinee_train::attributes::MovieAttributes;
use matinee_train::evaluation::measure;
use matinee_train::progress::Silent;
use matinee_train::split::{divide, random_hold_out};

use crate::planted::{NOISE, Planted, RATINGS_PER_USER};
use crate::process::{cpu_seconds, forget_peak, peak_megabytes};

/// The share of the ratings that is tested.
const HOLD_OUT: f64 = 0.1;

/// `parameters` are `NAME=VALUE`.
pub fn run(count: usize, name: &str, parameters: &[String]) -> Result<()> {
    let parameters = parameters.iter().filter_map(|parameter| parameter.split_once('='));
    let algorithm = algorithms::configure(name, parameters)?.for_ratings(count);
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
    forget_peak()?;
    let (before, cpu_before, begin) = (peak_megabytes()?, cpu_seconds()?, Instant::now());
    let fitted = algorithm.fit(&training, &Silent);
    let (seconds, cpu, peak) =
        (begin.elapsed().as_secs_f64(), cpu_seconds()? - cpu_before, peak_megabytes()?);
    let rmse = measure(fitted.factors.view(), &test, RatingScale::MOVIELENS).rmse;
    let bytes = (peak - before) * 1024.0 * 1024.0 / train.len() as f64;
    let (threads, fitted) = (std::env::var("RAYON_NUM_THREADS").unwrap_or_default(), hash(&fitted.factors));
    println!(
        "{name:<8} {count:>9} {user_count:>7} {movie_count:>7} {threads:>7} {seconds:>9.2} {cpu:>9.2} {before:>10.0} {peak:>8.0} \
         {bytes:>9.1} {rmse:>8.4} {NOISE:>8.4}  {fitted:08x}"
    );
    Ok(())
}

/// A hash of all numbers, which shows whether two models are the same.
fn hash(factors: &Factors) -> u32 {
    let mut hasher = DefaultHasher::new();
    let vectors = [&factors.user_biases, &factors.movie_biases].into_iter().flatten();
    let matrices = [&factors.user_factors, &factors.movie_factors].into_iter().flatten();
    vectors.chain(matrices).for_each(|number| number.to_bits().hash(&mut hasher));
    hasher.finish() as u32
}
