//! Every method of ranking on one split, as `matinee evaluate --ranking` tells of it.

use serde::Serialize;

use super::{POPULARITY, RankingMetrics, RankingTest, RankingTraining};
use crate::progress::Progress;
use crate::ratings::Dataset;
use crate::split::divide;

/// What the methods did on one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingEvaluation {
    /// How the split was made.
    pub split: String,
    /// The method that training on this split takes, by a hold-out within it.
    pub chosen: &'static str,
    /// Each method's figures, popularity first.
    pub methods: Vec<MethodResult>,
}

/// What one method did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodResult {
    /// The name of the method.
    pub method: &'static str,
    /// How well it ranked.
    #[serde(flatten)]
    pub metrics: RankingMetrics,
    /// Wall time to learn.
    pub fit_seconds: f64,
}

/// Learns from the ratings that are not marked and ranks what is; `None` if nobody liked any of that.
pub fn evaluate(
    dataset: &Dataset,
    split: &str,
    marks: &[bool],
    seed: u64,
    progress: &dyn Progress,
) -> Option<RankingEvaluation> {
    let (train, test) = divide(&dataset.ratings, |index| marks[index]);
    let timestamps: Option<Vec<i64>> = dataset.timestamps.as_ref().map(|timestamps| {
        timestamps.iter().zip(marks).filter(|(_, mark)| !**mark).map(|(&timestamp, _)| timestamp).collect()
    });
    let all = dataset.ranking_training(seed);
    let training = RankingTraining { ratings: &train, timestamps: timestamps.as_deref(), ..all };
    let test = RankingTest::new(&training, &test)?;
    let popularity = MethodResult { method: POPULARITY, metrics: test.measure(None), fit_seconds: 0.0 };
    let methods = training.methods().into_iter().map(|method| {
        let begin = std::time::Instant::now();
        let weights = training.learn_by(method);
        let fit_seconds = begin.elapsed().as_secs_f64();
        MethodResult {
            method: method.name(),
            metrics: test.measure(Some((method, weights.view()))),
            fit_seconds,
        }
    });
    let methods = std::iter::once(popularity).chain(methods).collect();
    let chosen = training.learn(progress).head.method.name();
    Some(RankingEvaluation { split: split.to_owned(), chosen, methods })
}
