//! The answers.

mod batch;
mod error;
mod marks;
mod model;
mod movies;
mod recommendations;
mod versions;

pub use batch::{BatchAnswer, BatchEntry, BatchError};
pub use error::{ErrorAnswer, ErrorDescription};
pub use marks::{Became, KeptBatchAnswer, KeptEntry, KeptRatingAnswer, LiveRatingsState};
use model::{CountsSchema, MetricsSchema, RatingScaleSchema};
pub use movies::{
    GenreAnswer, GenresAnswer, MovieAnswer, MoviesAnswer, RatedMovie, SimilarAnswer, SimilarMovie,
    StartAnswer, UserRatingsAnswer,
};
pub use recommendations::{
    RankedBy, Reason, RecommendationAnswer, RecommendationsAnswer, TogetherAnswer, TogetherRecommendation,
};

pub use versions::{FiguresAnswer, ModelStatus, ModelVersionAnswer, VersionsAnswer};

use matinee_model::artifact::{Counts, Manifest, Metrics};
use matinee_model::{MovieId, Prediction, RatingScale};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer of `POST /predict`. The service that this one replaced had only the first two fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PredictAnswer {
    /// The predicted rating, rounded to one decimal.
    pub predicted_rating: f64,
    /// The movie's title.
    pub movie_title: String,
    /// The predicted rating, not rounded.
    pub score: f32,
    /// Whether there are ratings of this user, which the model was trained on or which came in since; if the request has
    /// ratings, whether any of them counts.
    pub known_user: bool,
    /// Whether the model was trained on ratings of this movie.
    pub known_movie: bool,
    /// The ends of the interval that contains the actual rating in 80 % of cases; missing if the model has no
    /// intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The version of the model that answered.
    pub model_version: String,
    /// How many of the ratings in the request count; missing if it has no ratings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratings_counted: Option<usize>,
    /// Rated movies in the request that the model does not know. Their ratings are ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_movies: Vec<String>,
    /// Who answered, where it is not the model in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AnswerSource>,
    /// `unavailable` if the ratings that came in since the model was trained could not be looked up; missing otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_ratings: Option<LiveRatingsState>,
}

/// Who answers instead of the model in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// A `SageMaker` endpoint.
    Endpoint,
}

/// The answer of `GET /model`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelAnswer {
    /// The version of the model. It is a digest of the content of its files.
    pub version: String,
    /// The algorithm that trained it.
    pub algorithm: String,
    /// The scale of its ratings.
    #[schema(value_type = RatingScaleSchema)]
    pub rating_scale: RatingScale,
    /// How much it was trained on.
    #[schema(value_type = CountsSchema)]
    pub counts: Counts,
    /// How well it predicts.
    #[schema(value_type = MetricsSchema)]
    pub metrics: Metrics,
    /// The share of the held-out ratings that the model's intervals contain; missing if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_coverage: Option<f64>,
    /// The training job that trained it, if there was one.
    pub training_job: Option<String>,
    /// When it was written, in UTC.
    pub created_at: String,
    /// Who answers; missing if it is the model in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AnswerSource>,
    /// `true` if ratings that come in are kept here; missing otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_ratings: bool,
}

/// The answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HealthAnswer {
    /// `ok`.
    pub status: &'static str,
    /// The version of the model that answers.
    pub model_version: String,
    /// Who answers; missing if it is the model in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<AnswerSource>,
}

impl PredictAnswer {
    /// The answer for a prediction by the model that `manifest` describes.
    pub fn new(prediction: Prediction<'_>, manifest: &Manifest) -> Self {
        Self {
            predicted_rating: rounded(f64::from(prediction.score), 10.0),
            movie_title: prediction.title.to_owned(),
            score: prediction.score,
            known_user: prediction.known_user,
            known_movie: prediction.known_movie,
            interval: prediction.interval.map(|ends| ends.map(|end| rounded(f64::from(end), 100.0))),
            model_version: manifest.version.to_string(),
            ratings_counted: None,
            unknown_movies: Vec::new(),
            source: None,
            live_ratings: None,
        }
    }

    /// The same answer for somebody with `count` ratings of known movies, and with ratings of these unknown movies.
    #[must_use]
    pub fn from_ratings(self, count: usize, unknown: &[MovieId]) -> Self {
        let unknown_movies = unknown.iter().map(MovieId::to_string).collect();
        Self { ratings_counted: Some(count), unknown_movies, ..self }
    }
}

/// Rounds to a multiple of 1 / `parts`.
fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

impl From<&Manifest> for ModelAnswer {
    fn from(manifest: &Manifest) -> Self {
        Self {
            version: manifest.version.to_string(),
            algorithm: manifest.algorithm.clone(),
            rating_scale: manifest.rating_scale,
            counts: manifest.counts,
            metrics: manifest.metrics,
            interval_coverage: manifest.interval_coverage,
            training_job: manifest.training_job.clone(),
            created_at: manifest.created_at.clone(),
            source: None,
            keeps_ratings: false,
        }
    }
}
