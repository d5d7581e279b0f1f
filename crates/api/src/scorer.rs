//! Who predicts: the model in memory, or an endpoint.

use std::future::Future;
use std::pin::Pin;

use crate::error::ApiError;
use crate::live_model::LiveModel;
use crate::request::PredictRequest;
use crate::response::{ModelAnswer, PredictAnswer};

/// An answer under way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// Answers what the API is asked.
pub trait Scorer: Send + Sync + 'static {
    /// Predicts a rating.
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> Answering<'a, PredictAnswer>;

    /// Describes the model that predicts.
    fn describe(&self) -> Answering<'_, ModelAnswer>;
}

impl Scorer for LiveModel {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> Answering<'a, PredictAnswer> {
        Box::pin(async {
            let model = self.current().await?;
            let prediction = model.predict(&request.user, &request.movie)?;
            Ok(PredictAnswer::new(prediction, model.manifest()))
        })
    }

    fn describe(&self) -> Answering<'_, ModelAnswer> {
        Box::pin(async { Ok(self.current().await?.manifest().into()) })
    }
}
