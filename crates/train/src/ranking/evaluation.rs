//! Every method of ranking on one split, as `matinee evaluate --ranking` tells of it.

use serde::Serialize;

use super::comparison::recencies;
use super::{POPULARITY, RankingMetrics, RankingTest, RankingTraining, split};
use crate::progress::Progress;
use crate::ratings::Dataset;
use crate::split::divide;

/// What the methods did on one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingEvaluation {
    /// How the split was made.
    pub split: String,
    /// The method that training on this split takes, by a hold-out within it.
    pub chosen: String,
    /// Each method's figures, popularity first.
    pub methods: Vec<MethodResult>,
}

/// What one method did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodResult {
    /// The name of the method, and whether signals fade by recency.
    pub method: String,
    /// How well it ranked.
    #[serde(flatten)]
    pub metrics: RankingMetrics,
    /// Wall time to learn.
    pub fit_seconds: f64,
}

/// Learns from the ratings that are not marked and ranks what is. Where what is marked is not each user's latest, when
/// ratings were given is not looked at: nobody asks for what came before. `None` if nobody liked any of that.
pub fn evaluate(
    dataset: &Dataset,
    name: &str,
    marks: &[bool],
    seed: u64,
    progress: &dyn Progress,
) -> Option<RankingEvaluation> {
    let all = dataset.ranking_training(seed);
    let timestamps =
        all.timestamps.filter(|timestamps| split::is_latest(&dataset.ratings, timestamps, marks));
    let all = RankingTraining { timestamps, ..all };
    let (_, test) = divide(&dataset.ratings, |index| marks[index]);
    let (ratings, timestamps) = all.without(marks);
    let training = RankingTraining { ratings: &ratings, timestamps: timestamps.as_deref(), ..all };
    let test = RankingTest::new(&training, &test)?;
    let popularity = test.measure(None, None);
    let mut methods =
        vec![MethodResult { method: POPULARITY.to_owned(), metrics: popularity, fit_seconds: 0.0 }];
    for method in training.methods() {
        let begin = std::time::Instant::now();
        let weights = training.learn_by(method);
        let fit_seconds = begin.elapsed().as_secs_f64();
        methods.extend(recencies(&training).into_iter().map(|recency| MethodResult {
            method: method.name_with(recency),
            metrics: test.measure(Some((method, weights.view())), recency),
            fit_seconds,
        }));
    }
    let chosen = training.choose(progress);
    Some(RankingEvaluation { split: name.to_owned(), chosen, methods })
}
