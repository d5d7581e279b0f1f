//! The model in memory as a scorer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use matinee_model::{Model, MovieId, Rater as Person, TrainedUser, UserId};
use matinee_serving::{Reloadable, find_user, find_users};

use super::news::News;
use super::{BatchResult, Scorer, ScorerFuture, Titles};
use crate::predict_error::PredictError;
use crate::request::{PredictRequest, Rater, VisitorRatings};
use crate::response::{LiveRatingsState, ModelAnswer, PredictAnswer, VersionsAnswer};

impl Scorer for Reloadable<Model> {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer> {
        Box::pin(async { Predictions::new(&*self.current().await?).answer(request).await })
    }

    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        Box::pin(async {
            let model = self.current().await?;
            Ok(Predictions::new(&model).answer_all(requests).await)
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

/// Predicts one rating after the other. Users are looked up first, all of a batch at once, and then nothing waits any
/// more. Whoever occurs several times is looked up, or folded in, once.
pub(crate) struct Predictions<'m> {
    model: &'m Model,
    /// What came in since the model was trained.
    news: HashMap<UserId, News>,
    users: HashMap<UserId, User<'m>>,
    /// By the address of their ratings.
    visitors: HashMap<usize, (Arc<VisitorRatings>, Visitor<'m>)>,
}

/// A user who was looked up; `None` if there is no rating of theirs.
type User<'m> = Result<Option<Person<'m>>, PredictError>;

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
    pub(crate) async fn answer(&mut self, request: &PredictRequest) -> Result<PredictAnswer, PredictError> {
        let Rater::User(id) = &request.rater else { return self.predict(request) };
        let user = self.person(id, find_user(self.model, id).await?);
        self.predict_for(id, user.as_ref(), &request.movie)
    }

    /// The answers to several requests.
    pub(crate) async fn answer_all(&mut self, requests: &[PredictRequest]) -> BatchResult {
        self.look_up(requests).await;
        requests.iter().map(|request| self.predict(request)).collect()
    }

    /// Looks up the users of these requests.
    async fn look_up(&mut self, requests: &[PredictRequest]) {
        let users = requests.iter().filter_map(|request| match &request.rater {
            Rater::User(user) if !self.users.contains_key(user) => Some(user.clone()),
            _ => None,
        });
        let users: HashSet<UserId> = users.collect();
        for (id, found) in find_users(self.model, users.into_iter().collect()).await {
            let user = found.map(|trained| self.person(&id, trained)).map_err(PredictError::from);
            self.users.insert(id, user);
        }
    }

    /// The user with what came in since; `None` if there is no rating of theirs.
    fn person(&self, id: &UserId, trained: Option<TrainedUser>) -> Option<Person<'m>> {
        match self.news.get(id).and_then(|news| news.since(self.model)) {
            None => trained.map(|user| Person::of_user(self.model, user)),
            Some(since) => Person::since(self.model, trained.as_ref(), &since),
        }
    }

    /// The answer to a request whose user was looked up.
    fn predict(&mut self, request: &PredictRequest) -> Result<PredictAnswer, PredictError> {
        let model = self.model;
        match &request.rater {
            Rater::User(id) => match self.users.get(id) {
                Some(Err(error)) => Err(error.clone()),
                Some(Ok(user)) => self.predict_for(id, user.as_ref(), &request.movie),
                None => self.predict_for(id, None, &request.movie),
            },
            Rater::Ratings(ratings) => {
                // The entry owns the ratings, so the address cannot be reused.
                let entry = self.visitors.entry(Arc::as_ptr(ratings).addr());
                let (_, visitor) = entry.or_insert_with(|| (Arc::clone(ratings), fold_in(model, ratings)));
                let (rater, unknown) = visitor.as_ref().map_err(PredictError::clone)?;
                let answer = PredictAnswer::new(rater.predict(&request.movie)?, model.manifest());
                Ok(answer.from_ratings(rater.rating_count(), unknown))
            }
        }
    }

    /// The answer for a user who was looked up.
    fn predict_for(
        &self,
        id: &UserId,
        user: Option<&Person<'m>>,
        movie: &MovieId,
    ) -> Result<PredictAnswer, PredictError> {
        let prediction = match user {
            Some(user) => user.predict(movie)?,
            None => self.model.predict_for_stranger(movie)?,
        };
        let answer = PredictAnswer::new(prediction, self.model.manifest());
        let is_unavailable = self.news.get(id).is_some_and(News::is_unavailable);
        Ok(PredictAnswer { live_ratings: is_unavailable.then_some(LiveRatingsState::Unavailable), ..answer })
    }
}

fn fold_in<'m>(model: &'m Model, ratings: &VisitorRatings) -> Visitor<'m> {
    let known = ratings.known_to(model)?;
    Ok((Person::new(model, known.rated), known.unknown))
}
