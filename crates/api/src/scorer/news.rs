//! What came in about users since the model was trained.

use std::collections::{HashMap, HashSet};

use matinee_live_ratings::{Kept, LiveRatings, StoreError};
use matinee_model::{Changed, Model, MovieId, Since, UserId};

use crate::predict_error::PredictError;
use crate::request::{PredictRequest, Rater};

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

impl News {
    /// Looks a user up, if ratings are kept.
    pub(crate) async fn of(ratings: Option<&LiveRatings>, user: &UserId) -> Self {
        match ratings {
            None => Self::None,
            Some(ratings) => ratings.kept(user).await.into(),
        }
    }

    /// Looks up every user of a batch once.
    pub(super) async fn of_all(ratings: &LiveRatings, requests: &[PredictRequest]) -> HashMap<UserId, Self> {
        let users = requests.iter().filter_map(|request| match &request.rater {
            Rater::User(user) => Some(user.clone()),
            Rater::Ratings(_) => None,
        });
        let users: HashSet<UserId> = users.collect();
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
