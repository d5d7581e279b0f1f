//! The ranking head as it is stored in the artifact.

use std::collections::BTreeMap;

use half::f16;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{Columns, Recency};
use crate::artifact::Ranking;
use crate::{MovieRow, RatingScale};

/// The ranking head in the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingHead {
    /// How it was learned, with the parameters that scoring needs.
    #[serde(flatten)]
    pub method: RankingMethod,
    /// How fast the signals of older ratings fade, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recency: Option<Recency>,
    /// How well each method ranked the hold-out, and ranking by popularity for comparison. Empty if nothing was held out.
    #[serde(default)]
    pub candidates: BTreeMap<String, Ranking>,
}

/// How a ranking head was learned, with its hyperparameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub enum RankingMethod {
    /// `EASE^R`, with the largest weights kept.
    Ease {
        /// The ridge on the weights.
        regularisation: f32,
        /// The average number of weights that are kept for each movie.
        weights_per_movie: u32,
        /// The signals of genres, half decades and title words, in this order. Each of them was an example like a user,
        /// who likes all movies that have it. `None` if they were not examples.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attribute_signals: Option<[f32; 3]>,
    },
    /// `iALS`.
    Ials {
        /// The length of a factor row.
        rank: u32,
        /// The weight of a pair without a signal. A pair with a signal has this weight plus the signal.
        unobserved_weight: f32,
        /// The regularisation for each signal of a row. A missing signal counts `unobserved_weight`.
        regularisation: f32,
        /// Sweeps over both sides.
        epochs: u32,
    },
}

/// The weights of a ranking head.
#[derive(Debug, Clone, PartialEq)]
pub enum RankingWeights {
    /// For `EASE^R`, in compressed rows: the weights from each movie's signal towards other movies.
    Ease {
        /// The start of each movie's weights, and the end of the last: movies + 1 offsets.
        offsets: Vec<u32>,
        /// The target movies of the weights, ascending within a row.
        movies: Vec<u32>,
        /// The weights, in half precision.
        weights: Vec<f16>,
    },
    /// For `iALS`.
    Ials {
        /// The movies' factors, movies x rank.
        factors: Array2<f32>,
        /// `F' F`, rank x rank.
        gram: Array2<f32>,
    },
}

/// [`RankingWeights`] over borrowed memory.
#[derive(Debug, Clone, Copy)]
pub enum RankingView<'a> {
    /// For `EASE^R`.
    Ease {
        /// The start of each movie's weights, and the end of the last: movies + 1 offsets.
        offsets: &'a [u32],
        /// The target movies of the weights, ascending within a row.
        movies: Columns<'a>,
        /// The weights, in half precision.
        weights: &'a [f16],
    },
    /// For `iALS`.
    Ials {
        /// The movies' factors, movies x rank, row-major.
        factors: ArrayView2<'a, f32>,
        /// `F' F`, rank x rank.
        gram: ArrayView2<'a, f32>,
    },
}

/// The signal of a rating: 0 in the lowest third of the scale, then rising linearly to 1 for the highest rating.
#[inline]
pub fn signal(rating: f32, scale: RatingScale) -> f32 {
    let floor = scale.min() + (scale.max() - scale.min()) / 3.0;
    ((rating - floor) / (scale.max() - floor)).clamp(0.0, 1.0)
}

impl RankingHead {
    /// A head without any results on a hold-out.
    pub fn unmeasured(method: RankingMethod) -> Self {
        Self { method, recency: None, candidates: BTreeMap::new() }
    }

    /// Its name among the candidates.
    pub fn name(&self) -> String {
        self.method.name_with(self.recency)
    }
}

impl RankingMethod {
    /// The name of the method as a candidate, with or without fading signals.
    pub fn name_with(&self, recency: Option<Recency>) -> String {
        let suffix = if recency.is_some() { "_by_recency" } else { "" };
        format!("{}{suffix}", self.name())
    }

    /// The name in the manifest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ease { .. } => "ease",
            Self::Ials { .. } => "ials",
        }
    }
}

impl RankingWeights {
    /// The same, borrowed.
    pub fn view(&self) -> RankingView<'_> {
        match self {
            Self::Ease { offsets, movies, weights } => {
                RankingView::Ease { offsets, movies: Columns::Wide(movies), weights }
            }
            Self::Ials { factors, gram } => RankingView::Ials { factors: factors.view(), gram: gram.view() },
        }
    }
}

impl<'a> RankingView<'a> {
    /// The weights of a movie's signal with their target movies. Empty for a factor model.
    pub(crate) fn weights_of(&self, movie: MovieRow) -> (Columns<'a>, &'a [f16]) {
        match *self {
            Self::Ease { offsets, movies, weights } => {
                let range = offsets[movie.index()] as usize..offsets[movie.index() + 1] as usize;
                (movies.slice(range.clone()), &weights[range])
            }
            Self::Ials { .. } => (Columns::Wide(&[]), &[]),
        }
    }

    /// The weight of one movie's signal towards another.
    pub(crate) fn weight(&self, from: MovieRow, to: MovieRow) -> f32 {
        let (movies, weights) = self.weights_of(from);
        movies.find(to.0).map_or(0.0, |found| weights[found].to_f32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_has_the_name_of_the_method() {
        let ease =
            RankingMethod::Ease { regularisation: 60.0, weights_per_movie: 64, attribute_signals: None };
        let ials = RankingMethod::Ials { rank: 32, unobserved_weight: 0.1, regularisation: 0.01, epochs: 8 };
        for (method, name) in [(ease, "ease"), (ials, "ials")] {
            assert_eq!(
                (method.name(), &serde_json::to_value(method).unwrap()["method"]),
                (name, &name.into())
            );
        }
    }

    #[test]
    fn a_signal_begins_at_a_third_of_the_scale() {
        for (rating, expected) in [(0.5, 0.0), (2.0, 0.0), (3.5, 0.5), (5.0, 1.0)] {
            assert_eq!(signal(rating, RatingScale::MOVIELENS), expected, "{rating}");
        }
        let ten = RatingScale::new(1.0, 10.0).unwrap();
        assert_eq!((signal(4.0, ten), signal(7.0, ten), signal(10.0, ten)), (0.0, 0.5, 1.0));
    }
}
