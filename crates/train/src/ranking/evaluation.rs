//! Evaluates every ranking method on one split, for `matinee evaluate --ranking`.

use serde::Serialize;

use super::{POPULARITY, RankingMetrics, RankingTest, RankingTraining};
use crate::progress::Progress;
use crate::ratings::Dataset;
use crate::split::divide;

/// The results of the methods on one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingEvaluation {
    /// How the split was made.
    pub split: String,
    /// The method that training chooses on this split, by a hold-out within the training ratings.
    pub chosen: &'static str,
    /// The results of each method, popularity first.
    pub methods: Vec<MethodResult>,
}

/// The result of one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodResult {
    /// The name of the method.
    pub method: &'static str,
    /// How well it ranked.
    #[serde(flatten)]
    pub metrics: RankingMetrics,
    /// The wall time to train.
    pub fit_seconds: f64,
}

/// Trains on the ratings that are not marked, and ranks those that are. `None` if there is no liked movie among these.
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
