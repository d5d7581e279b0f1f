//! Who answers: the model in memory, or an endpoint that predicts while the titles are in memory.
//!
//! This is below HTTP. A [`Scorer`] returns plain answers and [`PredictError`]s.

mod endpoint;
mod in_memory;
mod live;
mod news;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use matinee_live_ratings::LiveRatings;
use matinee_model::{Catalogue, Filter, Histogram, Model, Movie, MovieId};

use crate::predict_error::PredictError;
use crate::request::PredictRequest;
use crate::response::{ModelAnswer, PredictAnswer, VersionsAnswer};

pub use endpoint::EndpointScorer;
pub(crate) use in_memory::Predictions;
pub use live::LiveScorer;
pub(crate) use news::News;

/// The future of an answer.
pub type ScorerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, PredictError>> + Send + 'a>>;

/// An answer or an error for each request of a batch.
pub type BatchResult = Vec<Result<PredictAnswer, PredictError>>;

/// Answers the questions of the API.
pub trait Scorer: Send + Sync + 'static {
    /// Predicts a rating.
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer>;

    /// Predicts ratings: one answer for each request, in their order. It fails as a whole if none can be answered.
    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult>;

    /// Describes the model that predicts.
    fn describe(&self) -> ScorerFuture<'_, ModelAnswer>;

    /// The models that are or were live, and those that were refused. Without a pointer, that is the one that predicts.
    fn versions(&self) -> ScorerFuture<'_, VersionsAnswer> {
        Box::pin(async { Ok(VersionsAnswer::new(self.describe().await?, None)) })
    }

    /// The movies of the catalogue.
    fn titles(&self) -> ScorerFuture<'_, Titles>;

    /// The model in memory. Nothing can be recommended without it.
    fn model(&self) -> ScorerFuture<'_, Arc<Model>>;

    /// The ratings that came in since the model was trained, if any are kept here. Then there is a model in memory.
    fn live_ratings(&self) -> Option<&LiveRatings> {
        None
    }
}

/// The movies of the catalogue, with the number of their ratings if a model in memory knows it.
pub enum Titles {
    /// From a model in memory.
    Model(Arc<Model>),
    /// From a catalogue alone.
    Catalogue(Arc<Catalogue>),
}

impl Titles {
    /// The movies.
    pub fn catalogue(&self) -> &Catalogue {
        match self {
            Self::Model(model) => model.catalogue(),
            Self::Catalogue(catalogue) => catalogue,
        }
    }

    /// The version of the model, or of the catalogue.
    pub fn version(&self) -> &str {
        match self {
            Self::Model(model) => model.manifest().version.as_str(),
            Self::Catalogue(catalogue) => catalogue.version(),
        }
    }

    /// Whether any movie has this genre, ignoring case.
    pub fn has_genre(&self, genre: &str) -> bool {
        match self {
            Self::Model(model) => model.has_genre(genre),
            Self::Catalogue(catalogue) => {
                catalogue.genres().into_keys().any(|of| of.to_lowercase() == genre.to_lowercase())
            }
        }
    }

    /// The first `limit` movies that `filter` admits: those with the most ratings first, or by id if the numbers of
    /// ratings are unknown.
    pub fn first(&self, filter: &Filter, limit: usize) -> Vec<Movie<'_>> {
        match self {
            Self::Model(model) => model.popular(filter, limit).into_iter().map(|(_, movie)| movie).collect(),
            Self::Catalogue(catalogue) => {
                catalogue.iter().filter(|movie| filter.admits(movie)).take(limit).collect()
            }
        }
    }

    /// How often a movie got each rating.
    pub fn histogram(&self, id: &MovieId) -> Option<&Histogram> {
        match self {
            Self::Model(model) => model.movie_row(id).map(|row| model.histogram(row)),
            Self::Catalogue(_) => None,
        }
    }

    /// How many ratings of a movie the model was trained on.
    pub fn rating_count(&self, id: &str) -> Option<u32> {
        match self {
            Self::Model(model) => Some(model.movie_row(&id.into()).map_or(0, |row| model.rating_count(row))),
            Self::Catalogue(_) => None,
        }
    }
}
