//! How well a ranking head ranks that has learned from a share of the users.

use std::path::Path;

use anyhow::{Context, Result};
use matinee_model::RatingScale;
use matinee_train::ranking::{RankingTest, RankingTraining, Sampling};
use matinee_train::ratings::Ratings;
use matinee_train::split::{divide, latest_per_user, random_per_user};

use crate::files::dataset_of;
use crate::process::cpu_seconds;

/// The share of each user's ratings that is tested: the latest, or random ones if there are no timestamps.
const HOLD_OUT: f64 = 0.2;
/// The most users who are tested, whatever share is learned from.
const TESTED_USERS: usize = 10_000;
const SHARES: [f64; 7] = [1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05];

pub fn run(folder: &Path, scale: RatingScale, seeds: u64) -> Result<()> {
    let (dataset, _) = dataset_of(folder, scale)?;
    let marks = match &dataset.timestamps {
        Some(timestamps) => latest_per_user(&dataset.ratings, timestamps, HOLD_OUT),
        None => random_per_user(&dataset.ratings, HOLD_OUT, 0),
    };
    let (train, held_out) = divide(&dataset.ratings, |index| marks[index]);
    let step = dataset.user_count().div_ceil(TESTED_USERS).max(1) as u32;
    let tested: Ratings = held_out.iter().filter(|rating| rating.user.0.is_multiple_of(step)).collect();
    let all = RankingTraining { ratings: &train, timestamps: None, ..dataset.ranking_training(0) };
    let test = RankingTest::new(&all, &tested).context("no liked movie is held out")?;
    println!(
        "{} ratings to learn from, by {} users; mean of {seeds} samples",
        train.len(),
        dataset.user_count()
    );
    println!(
        "{:<6} {:<6} {:>9} {:>9} {:>18} {:>8} {:>10} {:>8}",
        "method", "share", "users", "ratings", "per rated movie", "NDCG@10", "recall@20", "CPU, s"
    );
    for share in SHARES {
        print_share(share, &all, &test, seeds)?;
    }
    let popularity = test.measure(None, None);
    println!("popularity: NDCG@10 {:.4}, recall@20 {:.4}", popularity.ndcg_at_10, popularity.recall_at_20);
    Ok(())
}

/// Methods differ in which shares they can learn from, so each seed has a line for each method.
fn print_share(share: f64, all: &RankingTraining<'_>, test: &RankingTest, seeds: u64) -> Result<()> {
    let enough = (all.ratings.len() as f64 * share).round() as usize;
    let sampling = all.sampling.map(|of| Sampling { ratings: enough, ratings_per_movie: 0, ..of });
    let methods = RankingTraining { sampling, ..*all }.methods();
    for method in methods {
        let mut sums = [0.0; 6];
        for seed in 0..seeds {
            let training = RankingTraining { sampling, seed, ..*all };
            let sample = training.sample();
            let sampled = sample.as_ref().map_or(training, |sample| sample.training(&training));
            let begin = cpu_seconds()?;
            let weights = sampled.learn_by(method);
            let seconds = cpu_seconds()? - begin;
            let found = test.measure(Some((method, weights.view())), None);
            let (users, ratings) = (sampled.user_count as f64, sampled.ratings.len() as f64);
            let figures = [
                users,
                ratings,
                ratings / rated_movies(&sampled) as f64,
                found.ndcg_at_10,
                found.recall_at_20,
                seconds,
            ];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
        }
        let [users, ratings, per_movie, ndcg, recall, seconds] = sums.map(|sum| sum / seeds as f64);
        println!(
            "{:<6} {share:<6} {users:>9.0} {ratings:>9.0} {per_movie:>18.1} {ndcg:>8.4} {recall:>10.4} {seconds:>8.1}",
            method.name()
        );
    }
    Ok(())
}

fn rated_movies(training: &RankingTraining<'_>) -> usize {
    let mut movies: Vec<u32> = training.ratings.iter().map(|rating| rating.movie.0).collect();
    movies.sort_unstable();
    movies.dedup();
    movies.len()
}
