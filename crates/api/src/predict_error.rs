//! Why there is no prediction or recommendation. This is below HTTP: `error` gives each case a status and a message.

use matinee_model::{RatingScale, UnknownMovie, UserError, UserId};
use matinee_serving::{EndpointFault, LoadError, LoadReason};

/// Why there is no prediction or recommendation.
#[derive(Debug, Clone, PartialEq)]
pub enum PredictError {
    /// The movie is not in the catalogue.
    UnknownMovie(UnknownMovie),
    /// There are no ratings of this user.
    UnknownUser(UserId),
    /// One of the ratings in the request is not on the model's scale.
    RatingOffScale {
        /// The position of the rating in the request, from 0.
        index: usize,
        /// The model's scale.
        scale: RatingScale,
    },
    /// There is no model to answer with.
    ModelUnavailable(LoadReason),
    /// An endpoint gives the ratings, but only a model in memory can answer this.
    NoModelInMemory,
    /// The model has no ratings of the user, and the ratings that came in since cannot be looked up.
    LiveRatingsUnavailable,
    /// The model keeps the user in a file that cannot be read now, or in a damaged part of it. Other users are answered.
    UserUnavailable(LoadReason),
    /// The endpoint did not answer.
    Endpoint(EndpointFault),
}

impl From<UnknownMovie> for PredictError {
    fn from(error: UnknownMovie) -> Self {
        Self::UnknownMovie(error)
    }
}

impl From<UserError> for PredictError {
    fn from(error: UserError) -> Self {
        Self::UserUnavailable(match error {
            UserError::Damaged { .. } => LoadReason::Invalid,
            UserError::Unreadable(_) | UserError::Remote => LoadReason::Unreachable,
        })
    }
}

impl From<LoadError> for PredictError {
    fn from(error: LoadError) -> Self {
        Self::ModelUnavailable(error.reason)
    }
}
