//! The report of an evaluation: for a terminal, as JSON, and as an HTML page with plots.

mod against_live;
mod origin;
mod page;
mod plots;
mod ranking;
mod table;
#[cfg(feature = "aws")]
mod versions;
mod visitors;

pub use against_live::against_live;
pub use origin::Origin;
pub use ranking::ranking_page;
#[cfg(feature = "aws")]
pub use versions::versions_page;
pub use visitors::{VisitorReport, VisitorsOf};

use std::collections::BTreeMap;
use std::path::Path;

use matinee_train::evaluation::{Evaluation, LearningPoint};
use matinee_train::ratings::Dataset;
use serde::Serialize;

/// The results of one or several algorithms on the same ratings.
#[derive(Serialize)]
pub struct Report {
    ratings: String,
    rating_count: usize,
    user_count: usize,
    movie_count: usize,
    tested_on: &'static str,
    seed: u64,
    #[serde(flatten)]
    results: Results,
}

/// The fields of a single result are at the top level of the JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Results {
    One(Box<Result>),
    Several { results: Vec<Result> },
}

/// The result of one algorithm.
#[derive(Serialize)]
pub struct Result {
    /// Its name.
    pub algorithm: &'static str,
    /// All its hyperparameters.
    pub hyperparameters: BTreeMap<String, serde_json::Value>,
    /// How well it predicted.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// How accuracy depends on the number of ratings, if that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_curve: Option<Vec<LearningPoint>>,
}

impl Report {
    /// The report of `results`, the best first, on the ratings of a file.
    pub fn new(
        file: &Path,
        dataset: &Dataset,
        tested_on: &'static str,
        seed: u64,
        mut results: Vec<Result>,
    ) -> Self {
        results.sort_by(|a, b| a.evaluation.mean.rmse.total_cmp(&b.evaluation.mean.rmse));
        let results = match results.pop() {
            Some(only) if results.is_empty() => Results::One(Box::new(only)),
            last => Results::Several { results: results.into_iter().chain(last).collect() },
        };
        Self {
            ratings: file.display().to_string(),
            rating_count: dataset.ratings.len(),
            user_count: dataset.user_count(),
            movie_count: dataset.movie_count(),
            tested_on,
            seed,
            results,
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    fn results(&self) -> &[Result] {
        match &self.results {
            Results::One(only) => std::slice::from_ref(only),
            Results::Several { results } => results,
        }
    }
}
