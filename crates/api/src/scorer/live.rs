//! The model in memory, with the ratings that came in since it was trained.

use std::collections::HashMap;
use std::sync::Arc;

use matinee_live_ratings::LiveRatings;
use matinee_model::Model;
use matinee_serving::Reloadable;

use super::in_memory::Predictions;
use super::news::News;
use super::{BatchResult, Scorer, ScorerFuture, Titles};
use crate::request::{PredictRequest, Rater};
use crate::response::{ModelAnswer, PredictAnswer, VersionsAnswer};

/// A model in memory and a store of ratings.
pub struct LiveScorer {
    model: Reloadable<Model>,
    ratings: LiveRatings,
}

impl LiveScorer {
    /// Answers with the model, and with the ratings that are kept.
    pub fn new(model: Reloadable<Model>, ratings: LiveRatings) -> Self {
        Self { model, ratings }
    }
}

impl Scorer for LiveScorer {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer> {
        Box::pin(async {
            let news = match &request.rater {
                Rater::User(user) => {
                    HashMap::from([(user.clone(), News::of(Some(&self.ratings), user).await)])
                }
                Rater::Ratings(_) => HashMap::new(),
            };
            // The model that is read last, so that it is not older than what was looked up.
            let model = self.model.current().await?;
            Predictions::new(&model).with_news(news).answer(request).await
        })
    }

    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        Box::pin(async {
            let news = News::of_all(&self.ratings, requests).await;
            let model = self.model.current().await?;
            Ok(Predictions::new(&model).with_news(news).answer_all(requests).await)
        })
    }

    fn describe(&self) -> ScorerFuture<'_, ModelAnswer> {
        self.model.describe()
    }

    fn versions(&self) -> ScorerFuture<'_, VersionsAnswer> {
        self.model.versions()
    }

    fn titles(&self) -> ScorerFuture<'_, Titles> {
        self.model.titles()
    }

    fn model(&self) -> ScorerFuture<'_, Arc<Model>> {
        Scorer::model(&self.model)
    }

    fn live_ratings(&self) -> Option<&LiveRatings> {
        Some(&self.ratings)
    }
}
