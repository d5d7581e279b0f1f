//! Predictions for a person whose ratings come with the request.

use crate::{Model, MovieId, Prediction, Rated, UnknownMovie, UserPrior, UserVector};

/// A person that the model was not trained on, folded into the rating head with a few ratings.
#[derive(Debug)]
pub struct Rater<'m> {
    model: &'m Model,
    /// By ascending movie rows, at most one per movie.
    rated: Vec<Rated>,
    vector: UserVector,
}

impl<'m> Rater<'m> {
    /// Folds these ratings in. If a movie is rated twice, the last rating counts.
    pub fn new(model: &'m Model, mut rated: Vec<Rated>) -> Self {
        rated.reverse();
        rated.sort_by_key(|rated| rated.movie);
        rated.dedup_by_key(|rated| rated.movie);
        let factors = model.factors();
        let vector = match model.user_prior() {
            Some(prior) => prior.fold_in(&factors, &rated),
            None => UserPrior::uninformed(factors.rank()).view().fold_in(&factors, &rated),
        };
        Self { model, rated, vector }
    }

    /// The number of ratings that count.
    pub fn rating_count(&self) -> usize {
        self.rated.len()
    }

    /// Predicts the rating of `movie`. The rater counts as a known user if any rating counts.
    pub fn predict(&self, movie: &MovieId) -> Result<Prediction<'m>, UnknownMovie> {
        let factors = self.model.factors();
        let rating_count = self.rated.len() as u32;
        self.model.prediction(movie, rating_count > 0, rating_count, |movie| match movie {
            Some(movie) => factors.score_vector(&self.vector, movie),
            None => factors.mean + self.vector.bias,
        })
    }

    /// The ratings and the vector.
    pub(crate) fn into_parts(self) -> (Vec<Rated>, UserVector) {
        (self.rated, self.vector)
    }
}
