//! What logs and metrics may learn of an answer: never who asked, what for, or what they rated.

use axum::http::Extensions;

use crate::error::ApiError;
use crate::inference::ExecutionParameters;
use crate::response::{
    BatchAnswer, BatchEntry, GenresAnswer, HealthAnswer, ModelAnswer, MovieAnswer, MoviesAnswer,
    PredictAnswer, RankedBy, RecommendationsAnswer, SimilarAnswer,
};

/// What an answer, or an error in its place, tells about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The model that answered.
    pub model_version: Option<String>,
    /// Predictions for, and questions about, users whom the model has no ratings of.
    pub unknown_users: u32,
    /// Movies asked for or rated that the model has no ratings of.
    pub unknown_movies: u32,
    /// Answers from averages: predictions for an unknown user or movie, recommendations by popularity.
    pub fallbacks: u32,
    /// Answers that an endpoint should have given and did not.
    pub endpoint_errors: u32,
}

/// An answer that tells facts about itself.
pub(crate) trait Tells {
    /// What logs and metrics may learn.
    fn facts(&self) -> Facts {
        Facts::default()
    }
}

impl Facts {
    /// Leaves them beside the answer, for the middleware.
    pub(crate) fn leave(self, extensions: &mut Extensions) {
        extensions.insert(self);
    }

    fn of_model(version: &str) -> Self {
        Self { model_version: Some(version.to_owned()), ..Self::default() }
    }

    fn count(&mut self, answer: &PredictAnswer) {
        self.unknown_users += u32::from(!answer.known_user);
        self.unknown_movies += u32::from(!answer.known_movie);
        self.fallbacks += u32::from(!answer.known_user || !answer.known_movie);
    }
}

impl Tells for PredictAnswer {
    fn facts(&self) -> Facts {
        let mut facts = Facts::of_model(&self.model_version);
        facts.count(self);
        facts
    }
}

impl Tells for BatchAnswer {
    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        for entry in &self.predictions {
            match entry {
                BatchEntry::Answer(answer) => {
                    facts.count(answer);
                    facts.model_version.get_or_insert_with(|| answer.model_version.clone());
                }
                BatchEntry::Error { error } => facts.unknown_movies += u32::from(error.is_unknown_movie()),
            }
        }
        facts
    }
}

impl Tells for RecommendationsAnswer {
    fn facts(&self) -> Facts {
        Facts {
            unknown_movies: self.unknown_movies.len() as u32,
            fallbacks: u32::from(self.ranked_by == RankedBy::Popularity),
            ..Facts::of_model(&self.model_version)
        }
    }
}

impl Tells for SimilarAnswer {
    fn facts(&self) -> Facts {
        Facts::of_model(&self.model_version)
    }
}

impl Tells for ModelAnswer {
    fn facts(&self) -> Facts {
        Facts::of_model(&self.version)
    }
}

impl Tells for HealthAnswer {
    fn facts(&self) -> Facts {
        Facts::of_model(&self.model_version)
    }
}

impl Tells for MovieAnswer {}
impl Tells for MoviesAnswer {}
impl Tells for GenresAnswer {}
impl Tells for ExecutionParameters {}

impl Tells for ApiError {
    fn facts(&self) -> Facts {
        Facts {
            unknown_users: u32::from(matches!(self, Self::UnknownUser(_))),
            unknown_movies: u32::from(matches!(self, Self::UnknownMovie(_))),
            endpoint_errors: u32::from(matches!(self, Self::Endpoint(_))),
            ..Facts::default()
        }
    }
}
