//! Many predictions at once.

use serde::Serialize;
use utoipa::ToSchema;

use super::PredictAnswer;
use crate::error::ApiError;

/// The answer of `POST /predict/batch`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// An answer or an error for each pair, in their order.
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
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchError {
    /// The stable code.
    #[schema(example = "unknown_movie")]
    pub code: String,
    /// What happened, and what to do.
    #[schema(example = "movie `x` is not in the catalogue")]
    pub message: String,
}

impl BatchError {
    /// Whether the movie is not in the catalogue.
    pub(crate) fn is_unknown_movie(&self) -> bool {
        self.code == ApiError::UNKNOWN_MOVIE
    }
}

impl From<Result<PredictAnswer, ApiError>> for BatchEntry {
    fn from(answer: Result<PredictAnswer, ApiError>) -> Self {
        match answer {
            Ok(answer) => Self::Answer(answer),
            Err(error) => {
                let (code, message) = error.code_and_message();
                Self::Error { error: BatchError { code: code.to_owned(), message } }
            }
        }
    }
}
