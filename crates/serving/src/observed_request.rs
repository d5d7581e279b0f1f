//! What logs and metrics learn about a request: never who asked, for what, or which ratings were sent.

use std::time::Duration;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRequest {
    /// The time from the request to the answer.
    pub duration: Duration,
    /// What the answer contains.
    pub answer: AnswerSummary,
}

/// What an answer contains, in numbers that identify nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerSummary {
    /// The version of the model that answered.
    pub model_version: Option<String>,
    /// Predictions for, and questions about, users of whom the model has no ratings.
    pub unknown_users: u32,
    /// Movies in the request of which the model has no ratings.
    pub unknown_movies: u32,
    /// Answers from averages: predictions for an unknown user or movie, and recommendations by popularity.
    pub fallbacks: u32,
    /// Answers that an endpoint should have given but did not.
    pub endpoint_errors: u32,
    /// Users whose live ratings could not be looked up, and writes that could not be kept.
    pub live_ratings_unavailable: u32,
}
