//! Predictions of a model in memory, alone and many at once.

use std::collections::HashMap;
use std::sync::Arc;

use matinee_model::{Model, MovieId, Rater as FoldedIn};

use crate::error::ApiError;
use crate::request::{InvalidRequest, PredictRequest, Rater, VisitorRatings};
use crate::response::PredictAnswer;

/// Predicts one rating after the other. Whoever is asked about several times is folded in once.
pub(crate) struct Predictions<'m> {
    model: &'m Model,
    raters: HashMap<*const VisitorRatings, (Arc<VisitorRatings>, Known<'m>)>,
}

type Known<'m> = Result<(FoldedIn<'m>, Vec<MovieId>), InvalidRequest>;

impl<'m> Predictions<'m> {
    /// Those of `model`.
    pub(crate) fn of(model: &'m Model) -> Self {
        Self { model, raters: HashMap::new() }
    }

    /// The answer to one request.
    pub(crate) fn predict(&mut self, request: &PredictRequest) -> Result<PredictAnswer, ApiError> {
        let model = self.model;
        match &request.rater {
            Rater::User(user) => {
                let prediction = model.predict(user, &request.movie)?;
                Ok(PredictAnswer::new(prediction, model.manifest()))
            }
            Rater::Ratings(ratings) => {
                // The key is the place in memory, which stays taken as long as the entry.
                let entry = self.raters.entry(Arc::as_ptr(ratings));
                let (_, known) = entry.or_insert_with(|| (Arc::clone(ratings), fold_in(model, ratings)));
                let (rater, unknown) = known.as_ref().map_err(|error| ApiError::from(error.clone()))?;
                let answer = PredictAnswer::new(rater.predict(&request.movie)?, model.manifest());
                Ok(answer.from_ratings(rater.rating_count(), unknown))
            }
        }
    }
}

fn fold_in<'m>(model: &'m Model, ratings: &VisitorRatings) -> Known<'m> {
    let known = ratings.known_to(model)?;
    Ok((FoldedIn::new(model, known.rated), known.unknown))
}
