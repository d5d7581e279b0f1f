//! The model in memory as a scorer.

use std::collections::HashMap;
use std::sync::Arc;

use matinee_model::{Model, MovieId, Rater as Person, UserId};
use matinee_serving::Reloadable;

use super::news::News;
use super::{BatchResult, Scorer, ScorerFuture, Titles};
use crate::predict_error::PredictError;
use crate::request::{PredictRequest, Rater, VisitorRatings};
use crate::response::{LiveRatingsState, ModelAnswer, PredictAnswer, VersionsAnswer};

impl Scorer for Reloadable<Model> {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer> {
        Box::pin(async { Predictions::new(&*self.current().await?).predict(request) })
    }

    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        Box::pin(async {
            let model = self.current().await?;
            let mut predictions = Predictions::new(&model);
            Ok(requests.iter().map(|request| predictions.predict(request)).collect())
        })
    }

    fn describe(&self) -> ScorerFuture<'_, ModelAnswer> {
        Box::pin(async { Ok(self.current().await?.manifest().into()) })
    }

    fn versions(&self) -> ScorerFuture<'_, VersionsAnswer> {
        Box::pin(async { Ok(VersionsAnswer::new(self.describe().await?, self.history())) })
    }

    fn titles(&self) -> ScorerFuture<'_, Titles> {
        Box::pin(async { Ok(Titles::Model(self.current().await?)) })
    }

    fn model(&self) -> ScorerFuture<'_, Arc<Model>> {
        Box::pin(async { Ok(self.current().await?) })
    }
}

/// Predicts one rating after the other. Whoever occurs several times is looked up, or folded in, once.
pub(crate) struct Predictions<'m> {
    model: &'m Model,
    /// What came in since the model was trained.
    news: HashMap<UserId, News>,
    /// `None` for users of whom there is no rating.
    users: HashMap<UserId, Option<Person<'m>>>,
    visitors: HashMap<*const VisitorRatings, (Arc<VisitorRatings>, Visitor<'m>)>,
}

/// A visitor who was folded in, and the rated movies that the model does not know.
type Visitor<'m> = Result<(Person<'m>, Vec<MovieId>), PredictError>;

impl<'m> Predictions<'m> {
    /// Predictions by `model`.
    pub(crate) fn new(model: &'m Model) -> Self {
        Self { model, news: HashMap::new(), users: HashMap::new(), visitors: HashMap::new() }
    }

    /// The same, with what came in about these users since the model was trained.
    #[must_use]
    pub(crate) fn with_news(self, news: HashMap<UserId, News>) -> Self {
        Self { news, ..self }
    }

    /// The answer to one request.
    pub(crate) fn predict(&mut self, request: &PredictRequest) -> Result<PredictAnswer, PredictError> {
        let model = self.model;
        match &request.rater {
            Rater::User(user) => {
                let prediction = match self.user(user) {
                    Some(user) => user.predict(&request.movie)?,
                    None => model.predict_for_stranger(&request.movie)?,
                };
                let answer = PredictAnswer::new(prediction, model.manifest());
                let is_unavailable = self.news.get(user).is_some_and(News::is_unavailable);
                Ok(PredictAnswer {
                    live_ratings: is_unavailable.then_some(LiveRatingsState::Unavailable),
                    ..answer
                })
            }
            Rater::Ratings(ratings) => {
                // The key is an address. The entry owns the ratings, so the address cannot be reused.
                let entry = self.visitors.entry(Arc::as_ptr(ratings));
                let (_, visitor) = entry.or_insert_with(|| (Arc::clone(ratings), fold_in(model, ratings)));
                let (rater, unknown) = visitor.as_ref().map_err(PredictError::clone)?;
                let answer = PredictAnswer::new(rater.predict(&request.movie)?, model.manifest());
                Ok(answer.from_ratings(rater.rating_count(), unknown))
            }
        }
    }

    /// The user, if there is any rating of theirs.
    fn user(&mut self, id: &UserId) -> Option<&Person<'m>> {
        if !self.users.contains_key(id) {
            let (model, row) = (self.model, self.model.user_row(id));
            let since = self.news.get(id).and_then(|news| news.since(model));
            let person = match since {
                None => row.map(|row| Person::of_user(model, row)),
                Some(since) => Person::since(model, row, &since),
            };
            self.users.insert(id.clone(), person);
        }
        self.users.get(id)?.as_ref()
    }
}

fn fold_in<'m>(model: &'m Model, ratings: &VisitorRatings) -> Visitor<'m> {
    let known = ratings.known_to(model)?;
    Ok((Person::new(model, known.rated), known.unknown))
}
