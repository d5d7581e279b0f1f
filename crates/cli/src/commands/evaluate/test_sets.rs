//! The ratings to test on.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use matinee_train::ratings::{Dataset, Timestamps};
use matinee_train::split::{
    TestSet, by_folds, by_global_time, by_time, cold_movies, cold_users, random_folds,
};

use crate::commands::column::read_column;

/// The share of each user's ratings that the split `time` tests on, and of all ratings for `global-time`.
const LAST_SHARE: f64 = 0.2;
/// The share of users or movies that are cold.
const COLD_SHARE: f64 = 0.1;

/// Which ratings to test on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// Each of several random folds in turn
    Random,
    /// The last fifth of each user's ratings. Later ratings of other users are trained on
    Time,
    /// The last fifth of all ratings: those since some moment. Only what was given before it is trained on
    GlobalTime,
    /// Ratings of a fifth of the users, who are folded in from 3, 5, 10 and 50 of their ratings
    Visitors,
    /// All ratings of a tenth of the users
    ColdUsers,
    /// All ratings of a tenth of the movies
    ColdMovies,
}

impl Split {
    /// The split in words, for the report.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Random => "random folds",
            Self::Time => "the last fifth of each user's ratings",
            Self::GlobalTime => "the last fifth of all ratings",
            Self::Visitors => "ratings of a fifth of the users, who are folded in",
            Self::ColdUsers => "all ratings of a tenth of the users",
            Self::ColdMovies => "all ratings of a tenth of the movies",
        }
    }
}

/// The test sets of a split. Visitors are tested in another way: see [`super::visitors`].
pub fn test_sets(split: Split, folds: u32, dataset: &Dataset, seed: u64) -> Result<Vec<TestSet>> {
    let ratings = &dataset.ratings;
    Ok(match split {
        Split::Random => {
            refuse_empty_folds(folds, ratings.len())?;
            by_folds(&random_folds(ratings.len(), folds, seed))
        }
        Split::Time => vec![by_time(ratings, timestamps(dataset, "time")?, LAST_SHARE)],
        Split::GlobalTime => {
            let test = by_global_time(timestamps(dataset, "global-time")?, LAST_SHARE);
            vec![test.context(
                "--split global-time: nothing is left to train on, because no rating is older than the last fifth; \
                 use --split random",
            )?]
        }
        Split::Visitors => Vec::new(),
        Split::ColdUsers => vec![cold_users(ratings, dataset.user_count(), COLD_SHARE, seed)],
        Split::ColdMovies => vec![cold_movies(ratings, dataset.movie_count(), COLD_SHARE, seed)],
    })
}

fn timestamps<'a>(dataset: &'a Dataset, split: &str) -> Result<&'a Timestamps> {
    let timestamps = dataset.timestamps.as_ref();
    timestamps.with_context(|| format!("--split {split} needs ratings with a column `timestamp`"))
}

/// Refuses more folds than there are ratings. Some folds would be empty, and fewer folds would be measured than requested.
fn refuse_empty_folds(folds: u32, ratings: usize) -> Result<()> {
    if ratings < 2 {
        bail!("evaluation needs at least 2 ratings; with {ratings}, nothing is left to train on");
    }
    if folds as usize > ratings {
        bail!(
            "--folds {folds}: there are {ratings} ratings, and some folds would be empty; use at most {ratings} folds"
        );
    }
    Ok(())
}

/// The folds that a file assigns to the ratings.
pub fn from_file(path: &Path, dataset: &Dataset) -> Result<Vec<TestSet>> {
    let fold = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is not a whole number"));
    Ok(by_folds(&read_column(path, "fold", dataset, fold)?))
}

/// Refuses test sets that leave nothing to test on, or nothing to train on.
pub fn refuse_empty(tests: &[TestSet], dataset: &Dataset) -> Result<()> {
    for TestSet { fold, is_test } in tests {
        if !is_test.contains(&true) {
            bail!("there are too few ratings for this split: nothing is left to test on");
        }
        if !is_test.contains(&false) {
            let remedy = if is_test.len() < 2 { "add ratings" } else { "use at least 2 folds" };
            bail!("all ratings are in fold {fold}, so nothing is left to train on; {remedy}");
        }
    }
    if !tests.iter().any(|test| dataset.is_measurable(test)) {
        bail!(
            "none of the ratings to test on is of a movie in the catalogue; give the catalogue that belongs to these ratings"
        );
    }
    Ok(())
}
