//! What became of ratings that were sent to be kept.

use matinee_live_ratings::{Answer, Mark, Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::BatchError;

/// Whether the ratings that came in since the model was trained count in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveRatingsState {
    /// They could not be looked up, so the model alone has answered.
    Unavailable,
}

/// What became of a rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It is kept. Before, no rating of the movie by the user was kept.
    Created,
    /// It is kept instead of another.
    Replaced,
    /// A rating with a later time is kept; or the rating was taken back later, or the user deleted.
    Outdated,
}

/// The answer of `PUT /users/{userId}/ratings/{movieId}`: what is kept now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KeptRatingAnswer {
    /// What became of the rating.
    pub status: Became,
    /// The rating that is kept; missing if it was taken back later, or the user deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4.5)]
    pub rating: Option<f32>,
    /// When it was given or taken back, or the user deleted, in seconds since 1970 in UTC.
    #[schema(example = 1_445_714_835.0)]
    pub timestamp: f64,
}

/// The answer of `POST /ratings`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KeptBatchAnswer {
    /// What became of each rating, in their order.
    pub ratings: Vec<KeptEntry>,
}

/// What became of one rating of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum KeptEntry {
    /// It was taken.
    Kept(KeptRatingAnswer),
    /// It was not kept.
    Error {
        /// Why.
        error: BatchError,
    },
}

impl KeptEntry {
    /// Why it was not kept.
    pub(crate) fn error(&self) -> Option<&BatchError> {
        match self {
            Self::Kept(_) => None,
            Self::Error { error } => Some(error),
        }
    }
}

impl KeptRatingAnswer {
    /// The answer to a `mark` that was sent.
    pub fn new(mark: Mark, Answer { time, outcome }: Answer) -> Self {
        let (status, rating, time) = match outcome {
            Outcome::Created => (Became::Created, mark.value(), time),
            Outcome::Replaced => (Became::Replaced, mark.value(), time),
            Outcome::Outdated { mark, time } => (Became::Outdated, mark.value(), time),
            Outcome::Forgotten(time) => (Became::Outdated, None, time),
        };
        Self { status, rating, timestamp: time.seconds() }
    }
}
