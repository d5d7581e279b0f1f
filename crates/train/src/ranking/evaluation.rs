//! Evaluates every ranking method on one split, for `matinee evaluate --ranking`.

use serde::Serialize;

use super::comparison::recencies;
use super::{POPULARITY, RankingMetrics, RankingTest, RankingTraining};
use crate::progress::Progress;
use crate::ratings::Dataset;
use crate::seeds::derive;
use crate::split::{divide, is_latest};

/// The results of the methods on one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingEvaluation {
    /// How the split was made.
    pub split: String,
    /// The method that training chooses on this split, by a hold-out within the training ratings.
    pub chosen: String,
    /// The results of each method, popularity first.
    pub methods: Vec<MethodResult>,
}

/// The result of one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodResult {
    /// The name of the candidate: a method, with or without fading signals.
    pub method: String,
    /// How well it ranked.
    #[serde(flatten)]
    pub metrics: RankingMetrics,
    /// The wall time to train.
    pub fit_seconds: f64,
}

/// Trains on the ratings that are not marked, and ranks those that are. `None` if there is no liked movie among these.
/// Timestamps only count if the marked ratings are the latest of each user: otherwise some of them are older than the
/// known ones, and nobody asks for recommendations in the past.
pub fn evaluate(
    dataset: &Dataset,
    name: &str,
    marks: &[bool],
    seed: u64,
    progress: &dyn Progress,
) -> Option<RankingEvaluation> {
    let all = dataset.ranking_training(derive(seed, "ranking", 0));
    let timestamps = all.timestamps.filter(|timestamps| is_latest(&dataset.ratings, timestamps, marks));
    let all = RankingTraining { timestamps, ..all };
    let (_, test) = divide(&dataset.ratings, |index| marks[index]);
    let (ratings, timestamps) = all.without(marks);
    let training = RankingTraining { ratings: &ratings, timestamps: timestamps.as_ref(), ..all };
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
