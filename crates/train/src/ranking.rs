//! Trains the ranking head: the signals, the methods, and the choice between them.
//!
//! Every method is trained without a hold-out and measured on it, with signals that fade by recency and without. The
//! candidate with the highest NDCG@10 is then trained on all ratings. The hold-out is the latest ratings of each user,
//! because recommended movies are watched after the rated ones. If there are no timestamps, the hold-out is random.
//! Of many users, a [sample](Sampling) is learned from.

mod comparison;
mod ease;
pub mod evaluation;
mod ials;
mod learning;
mod measure;
mod sample;
mod saved;
mod signals;

use std::convert::Infallible;

use matinee_model::RatingScale;
use matinee_model::artifact::Ranking;
use matinee_model::ranking::{RankingHead, RankingMethod, RankingWeights};

pub(crate) use ease::AttributeInverse;
pub(crate) use learning::RankingRun;
pub use measure::{RankingMetrics, RankingTest, is_relevant};
pub use sample::{RankingSample, Sampling};
use signals::Signals;

use crate::attributes::MovieAttributes;
use crate::evaluation::TestRating;
use crate::progress::Progress;
use crate::ratings::{Dataset, Ratings, Timestamps};

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
        self.head.candidates.get(&self.head.name()).copied()
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
    pub ratings: &'a Ratings,
    /// When each rating was given, in the same order, if that is known.
    pub timestamps: Option<&'a Timestamps>,
    /// For each movie row, whether requests can ask for it. Other movies are neither recommended nor measured.
    pub listed: &'a [bool],
    /// The attributes of the movies in the catalogue.
    pub attributes: &'a MovieAttributes,
    /// The scale of the ratings.
    pub scale: RatingScale,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Which users are learned from, if they have more ratings than are enough. `None` to learn from all.
    pub sampling: Option<Sampling<'a>>,
}

/// The name of ranking by popularity, which is measured for comparison with the methods.
pub const POPULARITY: &str = "popularity";

impl Dataset {
    /// All ratings, for a ranking head.
    pub fn ranking_training(&self, seed: u64) -> RankingTraining<'_> {
        RankingTraining {
            user_count: self.user_count(),
            movie_count: self.movie_count(),
            ratings: &self.ratings,
            timestamps: self.timestamps.as_ref(),
            listed: &self.listed,
            attributes: &self.attributes,
            scale: self.scale,
            seed,
            sampling: Some(Sampling::new(self.user_ids.table())),
        }
    }
}

impl RankingTraining<'_> {
    /// The methods that are feasible for these ratings.
    pub fn methods(&self) -> Vec<RankingMethod> {
        let ease = self.sampled(ease::is_feasible).then_some(ease::DEFAULT);
        ease.into_iter().chain([ials::method_for(self.movie_count)]).collect()
    }

    /// Trains one method.
    pub fn learn_by(&self, method: RankingMethod) -> RankingWeights {
        self.sampled(|training| {
            let signals = training.signals();
            match method {
                RankingMethod::Ease { regularisation, weights_per_movie, attribute_signals } => {
                    let settings = ease::Settings { regularisation, weights_per_movie, attribute_signals };
                    ease::learn(&signals, self.attributes, &settings)
                }
                RankingMethod::Ials { .. } => ials::learn(&signals, method, self.seed),
            }
        })
    }

    /// Trains one method, but only what the rank scores of the movies `asked` need. Other scores are wrong.
    pub fn learn_by_for(&self, method: RankingMethod, asked: &[TestRating]) -> RankingWeights {
        let RankingMethod::Ease { regularisation, weights_per_movie, attribute_signals } = method else {
            return self.learn_by(method);
        };
        let settings = ease::Settings { regularisation, weights_per_movie, attribute_signals };
        let asked = asked.iter().filter_map(|asked| Some(asked.movie?.index())).collect();
        self.sampled(|training| ease::learn_for(&asked, &training.signals(), self.attributes, &settings))
    }

    /// Trains the method that ranks a hold-out best: see the module.
    pub fn learn(&self, progress: &dyn Progress) -> RankedHead {
        let sample = self.sample();
        if let Some(sample) = &sample {
            sample.announce(self, progress);
        }
        let training = sample.as_ref().map_or(*self, |sample| sample.training(self));
        let Ok(head) = RankingRun::begin(training).complete(progress, |_| Ok::<_, Infallible>(()));
        head
    }

    /// The name of the candidate that [`learn`](Self::learn) chooses.
    pub fn choose(&self, progress: &dyn Progress) -> String {
        self.sampled(|training| {
            let mut run = RankingRun::begin(*training);
            let Ok(()) = run.compare(progress, &mut |_: &RankingRun<'_>| Ok::<_, Infallible>(()));
            let (method, recency) = run.best();
            method.name_with(recency)
        })
    }

    fn signals(&self) -> Signals {
        Signals::new(self)
    }
}
