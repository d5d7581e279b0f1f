//! Many predictions at once.

use serde::Serialize;
use utoipa::ToSchema;

use super::PredictAnswer;

/// The answer of `POST /predict/batch`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// An answer or an error for each pair, in the order of the pairs.
    pub predictions: Vec<BatchEntry>,
}

/// The answer to one pair.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchEntry {
    /// The prediction.
    Answer(PredictAnswer),
    /// Why there is none.
    Error {
        /// The error.
        error: BatchError,
    },
}

/// What is wrong with one pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BatchError {
    /// The stable code.
    #[schema(example = "unknown_movie")]
    pub code: &'static str,
    /// What happened, and what to do.
    #[schema(example = "movie `x` is not in the catalogue")]
    pub message: String,
}

impl BatchError {
    /// The code of a movie that is not in the catalogue.
    pub(crate) const UNKNOWN_MOVIE: &'static str = "unknown_movie";

    /// The code of a rating that could not be kept.
    pub(crate) const LIVE_RATINGS_UNAVAILABLE: &'static str = "live_ratings_unavailable";

    /// Whether the rating could not be kept.
    pub(crate) fn is_live_ratings_unavailable(&self) -> bool {
        self.code == Self::LIVE_RATINGS_UNAVAILABLE
    }

    /// Whether the movie is not in the catalogue.
    pub(crate) fn is_unknown_movie(&self) -> bool {
        self.code == Self::UNKNOWN_MOVIE
    }
}
