//! The ratings that are tested.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use matinee_train::ratings::Dataset;
use matinee_train::split::{TestSet, by_folds, by_time, cold_movies, cold_users, random_folds};

/// The share of each user's ratings that `time` tests.
const LAST_SHARE: f64 = 0.2;
/// The share of the users or movies that are cold.
const COLD_SHARE: f64 = 0.1;

/// Which ratings are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// Random folds, one after the other
    Random,
    /// The last fifth of each user's ratings
    Time,
    /// All ratings of a tenth of the users
    ColdUsers,
    /// All ratings of a tenth of the movies
    ColdMovies,
}

impl Split {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Random => "random folds",
            Self::Time => "the last fifth of each user's ratings",
            Self::ColdUsers => "all ratings of a tenth of the users",
            Self::ColdMovies => "all ratings of a tenth of the movies",
        }
    }
}

/// The test sets of a split.
pub fn test_sets(split: Split, folds: u32, dataset: &Dataset, seed: u64) -> Result<Vec<TestSet>> {
    let ratings = &dataset.ratings;
    Ok(match split {
        Split::Random => {
            refuse_empty_folds(folds, ratings.len())?;
            by_folds(&random_folds(ratings.len(), folds, seed))
        }
        Split::Time => {
            let timestamps = dataset
                .timestamps
                .as_ref()
                .context("--split time needs ratings with a column `timestamp`")?;
            vec![by_time(ratings, timestamps, LAST_SHARE)]
        }
        Split::ColdUsers => vec![cold_users(ratings, dataset.user_count(), COLD_SHARE, seed)],
        Split::ColdMovies => vec![cold_movies(ratings, dataset.movie_count(), COLD_SHARE, seed)],
    })
}

/// Refuses more folds than there are ratings: some would be empty, and fewer be measured than asked for.
fn refuse_empty_folds(folds: u32, ratings: usize) -> Result<()> {
    if ratings < 2 {
        bail!("evaluation needs at least 2 ratings; with {ratings}, nothing is left to learn from");
    }
    if folds as usize > ratings {
        bail!(
            "--folds {folds}: there are {ratings} ratings, and some folds would be empty; use at most {ratings} folds"
        );
    }
    Ok(())
}

/// The folds that a file tells.
pub fn from_file(path: &Path, dataset: &Dataset) -> Result<Vec<TestSet>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    if lines.next().map(str::trim) != Some("fold") {
        bail!("{}:1: expected the header `fold`", path.display());
    }
    let parse = |(line, text): (usize, &str)| {
        let fold = text.trim().parse::<u32>();
        fold.with_context(|| format!("{}:{line}: `{text}` is not a whole number", path.display()))
    };
    let folds = (2..).zip(lines).map(parse).collect::<Result<Vec<u32>>>()?;
    let folds = dataset.align(&folds).with_context(|| path.display().to_string())?;
    Ok(by_folds(&folds))
}

/// Refuses test sets that leave nothing to test, or nothing to learn from.
pub fn refuse_empty(tests: &[TestSet], dataset: &Dataset) -> Result<()> {
    for TestSet { fold, is_test } in tests {
        if !is_test.contains(&true) {
            bail!("there are too few ratings for this split: nothing is left to test");
        }
        if !is_test.contains(&false) {
            let remedy = if is_test.len() < 2 { "give more ratings" } else { "make more folds" };
            bail!("all ratings are in fold {fold}, so that nothing is left to learn from; {remedy}");
        }
    }
    if !tests.iter().any(|test| dataset.is_measurable(test)) {
        bail!(
            "no rating to test is of a movie in the catalogue; give the catalogue that the ratings belong to"
        );
    }
    Ok(())
}
