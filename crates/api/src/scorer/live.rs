//! The model in memory, with the ratings that came in since it was trained.

use std::collections::HashMap;
use std::sync::Arc;

use matinee_live_ratings::{Kept, LiveRatings, StoreError};
use matinee_model::{Changed, Model, MovieId, Since, UserId};
use matinee_serving::Reloadable;

use super::in_memory::Predictions;
use super::{BatchResult, Scorer, ScorerFuture, Titles};
use crate::predict_error::PredictError;
use crate::request::{PredictRequest, Rater};
use crate::response::{ModelAnswer, PredictAnswer};

/// A model in memory and a store of ratings.
pub struct LiveScorer {
    model: Reloadable<Model>,
    ratings: LiveRatings,
}

/// What came in about a user since the model was trained.
#[derive(Debug, Default)]
pub(crate) enum News {
    /// Nothing, or nothing is kept here: the model alone answers.
    #[default]
    None,
    /// It could not be looked up: the model alone answers, and says so.
    Unavailable,
    /// This.
    Kept(Kept),
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
            Predictions::new(&*self.model.current().await?).with_news(news).predict(request)
        })
    }

    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        Box::pin(async {
            let news = News::of_all(&self.ratings, requests).await;
            let model = self.model.current().await?;
            let mut predictions = Predictions::new(&model).with_news(news);
            Ok(requests.iter().map(|request| predictions.predict(request)).collect())
        })
    }

    fn describe(&self) -> ScorerFuture<'_, ModelAnswer> {
        self.model.describe()
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

impl News {
    /// Looks a user up, if ratings are kept.
    pub(crate) async fn of(ratings: Option<&LiveRatings>, user: &UserId) -> Self {
        match ratings {
            None => Self::None,
            Some(ratings) => ratings.kept(user).await.into(),
        }
    }

    /// Looks up every user of a batch once.
    async fn of_all(ratings: &LiveRatings, requests: &[PredictRequest]) -> HashMap<UserId, Self> {
        let users = requests.iter().filter_map(|request| match &request.rater {
            Rater::User(user) => Some(user.clone()),
            Rater::Ratings(_) => None,
        });
        let users: std::collections::HashSet<UserId> = users.collect();
        let found = ratings.kept_of_all(users.into_iter().collect()).await;
        found.into_iter().map(|(user, kept)| (user, kept.into())).collect()
    }

    /// Whether the look-up failed.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable)
    }

    /// What is kept, if anything is.
    pub(crate) fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            _ => None,
        }
    }

    /// The movies that must not be recommended.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = MovieId> {
        self.kept().into_iter().flat_map(Kept::hidden)
    }

    /// The error for a user of whom neither the model nor the store has ratings. If the store cannot be reached, it may
    /// have some.
    pub(crate) fn no_ratings_of(&self, user: UserId) -> PredictError {
        if self.is_unavailable() {
            PredictError::LiveRatingsUnavailable
        } else {
            PredictError::UnknownUser(user)
        }
    }

    /// The changes with the rows of `model`; `None` if the model alone answers.
    pub(crate) fn since(&self, model: &Model) -> Option<Since> {
        self.kept().map(|kept| since(kept, model))
    }
}

impl From<Result<Kept, StoreError>> for News {
    fn from(kept: Result<Kept, StoreError>) -> Self {
        match kept {
            Ok(kept) if kept.is_empty() => Self::None,
            Ok(kept) => Self::Kept(kept),
            Err(_) => Self::Unavailable,
        }
    }
}

/// The changes that mean something to `model`: a movie may have left its catalogue, and its scale may be another one.
fn since(kept: &Kept, model: &Model) -> Since {
    let scale = model.manifest().rating_scale;
    let changed = kept.ratings.iter().filter_map(|kept| {
        let movie = model.movie_row(&kept.movie)?;
        let is_on_scale = kept.rating.is_none_or(|rating| scale.contains(rating));
        is_on_scale.then_some(Changed { movie, rating: kept.rating })
    });
    Since { changes: changed.collect(), is_forgotten: kept.forgotten.is_some() }
}
