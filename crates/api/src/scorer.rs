//! Who answers: the model in memory, or an endpoint that predicts, with the titles in memory.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use matinee_model::{Catalogue, Filter, Model, Movie};

use crate::error::ApiError;
use crate::live_model::LiveModel;
use crate::prediction::Predictions;
use crate::request::PredictRequest;
use crate::response::{ModelAnswer, PredictAnswer};

/// An answer under way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// Answers what the API is asked.
pub trait Scorer: Send + Sync + 'static {
    /// Predicts a rating.
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> Answering<'a, PredictAnswer>;

    /// Predicts ratings: one answer a request, in their order. It fails as a whole where nothing can be answered.
    fn predict_all<'a>(
        &'a self,
        requests: &'a [PredictRequest],
    ) -> Answering<'a, Vec<Result<PredictAnswer, ApiError>>>;

    /// Describes the model that predicts.
    fn describe(&self) -> Answering<'_, ModelAnswer>;

    /// The movies that can be asked for.
    fn titles(&self) -> Answering<'_, Titles>;

    /// The model in memory, without which nothing can be recommended.
    fn model(&self) -> Answering<'_, Arc<Model>>;
}

/// The movies that can be asked for, and where a model knows them their ratings.
pub enum Titles {
    /// Of a model in memory.
    Model(Arc<Model>),
    /// A catalogue alone.
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

    /// Names what is there: the version of the model, or of the catalogue.
    pub fn version(&self) -> &str {
        match self {
            Self::Model(model) => model.manifest().version.as_str(),
            Self::Catalogue(catalogue) => catalogue.version(),
        }
    }

    /// Whether a movie has this genre, in any case of letters.
    pub fn has_genre(&self, genre: &str) -> bool {
        match self {
            Self::Model(model) => model.has_genre(genre),
            Self::Catalogue(catalogue) => {
                catalogue.genres().into_keys().any(|of| of.to_lowercase() == genre.to_lowercase())
            }
        }
    }

    /// The first `limit` movies that `filter` admits: those that most people have rated, or by id where that is not
    /// known.
    pub fn first(&self, filter: &Filter, limit: usize) -> Vec<Movie<'_>> {
        match self {
            Self::Model(model) => model.popular(filter, limit).into_iter().map(|(_, movie)| movie).collect(),
            Self::Catalogue(catalogue) => {
                catalogue.iter().filter(|movie| filter.admits(movie)).take(limit).collect()
            }
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

impl Scorer for LiveModel {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> Answering<'a, PredictAnswer> {
        Box::pin(async { Predictions::of(&*self.current().await?).predict(request) })
    }

    fn predict_all<'a>(
        &'a self,
        requests: &'a [PredictRequest],
    ) -> Answering<'a, Vec<Result<PredictAnswer, ApiError>>> {
        Box::pin(async {
            let model = self.current().await?;
            let mut predictions = Predictions::of(&model);
            Ok(requests.iter().map(|request| predictions.predict(request)).collect())
        })
    }

    fn describe(&self) -> Answering<'_, ModelAnswer> {
        Box::pin(async { Ok(self.current().await?.manifest().into()) })
    }

    fn titles(&self) -> Answering<'_, Titles> {
        Box::pin(async { Ok(Titles::Model(self.current().await?)) })
    }

    fn model(&self) -> Answering<'_, Arc<Model>> {
        Box::pin(async { Ok(self.current().await?) })
    }
}
