//! Trains the ranking head: the signals, the methods, and the choice between them.
//!
//! Every method is trained without a hold-out and measured on it. The one with the highest NDCG@10 is then trained on all
//! ratings. The hold-out is the latest ratings of each user, because recommended movies are watched after the rated ones.
//! If there are no timestamps, the hold-out is random.

mod ease;
pub mod evaluation;
mod ials;
mod measure;
mod signals;
pub mod split;

use std::collections::BTreeMap;

use matinee_model::RatingScale;
use matinee_model::artifact::Ranking;
use matinee_model::ranking::{RankingHead, RankingMethod, RankingWeights};

pub use measure::{RankingMetrics, RankingTest, is_relevant};
use signals::Signals;

use crate::progress::Progress;
use crate::ratings::{Dataset, Rating};

/// A learned ranking head.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedHead {
    /// The chosen method, and the results of all methods.
    pub head: RankingHead,
    /// The weights.
    pub weights: RankingWeights,
}

impl RankedHead {
    /// How well the chosen method ranked the hold-out.
    pub fn metrics(&self) -> Option<Ranking> {
        self.head.candidates.get(self.head.method.name()).copied()
    }
}

/// The ratings that a ranking head is learned from.
#[derive(Debug, Clone, Copy)]
pub struct RankingTraining<'a> {
    /// The number of user rows.
    pub user_count: usize,
    /// The number of movie rows.
    pub movie_count: usize,
    /// The ratings.
    pub ratings: &'a [Rating],
    /// When each rating was given, in the same order, if that is known.
    pub timestamps: Option<&'a [i64]>,
    /// For each movie row, whether requests can ask for it. Other movies are neither recommended nor measured.
    pub listed: &'a [bool],
    /// The scale of the ratings.
    pub scale: RatingScale,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// The name of ranking by popularity, which is measured for comparison with the methods.
pub const POPULARITY: &str = "popularity";

/// The share of the ratings on which the methods are compared.
const HOLD_OUT: f64 = 0.1;

impl Dataset {
    /// All ratings, for a ranking head.
    pub fn ranking_training(&self, seed: u64) -> RankingTraining<'_> {
        RankingTraining {
            user_count: self.user_count(),
            movie_count: self.movie_count(),
            ratings: &self.ratings,
            timestamps: self.timestamps.as_deref(),
            listed: &self.listed,
            scale: self.scale,
            seed,
        }
    }
}

impl RankingTraining<'_> {
    /// The methods that are feasible for these ratings.
    pub fn methods(&self) -> Vec<RankingMethod> {
        let ease = ease::is_feasible(&self.signals()).then_some(ease::DEFAULT);
        ease.into_iter().chain([ials::method_for(self.movie_count)]).collect()
    }

    /// Trains one method.
    pub fn learn_by(&self, method: RankingMethod) -> RankingWeights {
        let signals = self.signals();
        match method {
            RankingMethod::Ease { regularisation, weights_per_movie } => {
                ease::learn(&signals, regularisation, weights_per_movie)
            }
            RankingMethod::Ials { rank, unobserved_weight, regularisation, epochs } => {
                let settings =
                    ials::Settings { rank: rank as usize, unobserved_weight, regularisation, epochs };
                ials::learn(&signals, settings, self.seed)
            }
        }
    }

    /// Trains the method that ranks a hold-out best: see the module.
    pub fn learn(&self, progress: &dyn Progress) -> RankedHead {
        progress.stage("learning to rank");
        let candidates = self.compare();
        let ndcg =
            |method: &RankingMethod| candidates.get(method.name()).map_or(0.0, |found| found.ndcg_at_10);
        let best = self.methods().into_iter().rev().max_by(|a, b| ndcg(a).total_cmp(&ndcg(b)));
        let method = best.unwrap_or_else(|| ials::method_for(self.movie_count));
        RankedHead { weights: self.learn_by(method), head: RankingHead { method, candidates } }
    }

    /// How well each method, and popularity, ranks a hold-out. Empty if no user likes anything in the hold-out.
    fn compare(&self) -> BTreeMap<String, Ranking> {
        let marks = match self.timestamps {
            Some(timestamps) => split::latest_per_user(self.ratings, timestamps, HOLD_OUT),
            None => split::random_per_user(self.ratings, HOLD_OUT, self.seed),
        };
        let (train, test) = crate::split::divide(self.ratings, |index| marks[index]);
        let training = RankingTraining { ratings: &train, timestamps: None, ..*self };
        let Some(test) = RankingTest::new(&training, &test) else { return BTreeMap::new() };
        let mut found = BTreeMap::from([(POPULARITY.to_owned(), test.measure(None).into())]);
        for method in training.methods() {
            let weights = training.learn_by(method);
            let metrics = test.measure(Some((method, weights.view())));
            found.insert(method.name().to_owned(), metrics.into());
        }
        found
    }

    fn signals(&self) -> Signals {
        Signals::new(self)
    }
}
