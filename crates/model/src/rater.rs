//! Many predictions for the same person.

use crate::known::Known;
use crate::since::Merged;
use crate::{Model, MovieId, Prediction, Rated, Since, TrainedUser, UnknownMovie, UserVector};

/// A person in the rating head: a user of the training data, or a visitor who is folded in.
#[derive(Debug)]
pub struct Rater<'m> {
    model: &'m Model,
    /// By ascending movie rows, at most one per movie.
    rated: Vec<Rated>,
    vector: UserVector,
    known: Option<Known>,
}

impl<'m> Rater<'m> {
    /// A user of the training data, with the trained factors.
    pub fn of_user(model: &'m Model, user: TrainedUser) -> Self {
        let TrainedUser { vector, rated, .. } = user;
        let known = model.known(&rated);
        Self { model, rated, vector, known }
    }

    /// A visitor, folded in with these ratings. If a movie is rated twice, the last rating counts.
    pub fn new(model: &'m Model, mut rated: Vec<Rated>) -> Self {
        rated.reverse();
        rated.sort_by_key(|rated| rated.movie);
        rated.dedup_by_key(|rated| rated.movie);
        let vector = model.fold_in(&rated);
        let known = model.known(&rated);
        Self { model, rated, vector, known }
    }

    /// A person with what the model was trained on, and what came in since. `None` if no rating is left.
    pub fn since(model: &'m Model, user: Option<&TrainedUser>, since: &Since) -> Option<Self> {
        let Merged { rated, vector, .. } = model.merge(user, since)?;
        let known = model.known(&rated);
        Some(Self { model, rated, vector, known })
    }

    /// The number of ratings that count.
    pub fn rating_count(&self) -> usize {
        self.rated.len()
    }

    /// Predicts the rating of `movie`. The rater counts as a known user if any rating counts.
    pub fn predict(&self, movie: &MovieId) -> Result<Prediction<'m>, UnknownMovie> {
        let factors = self.model.factors();
        let rating_count = self.rated.len() as u32;
        self.model.prediction(movie, rating_count > 0, rating_count, self.known.as_ref(), |movie| match movie
        {
            Some(movie) => factors.score_vector(&self.vector, movie),
            None => factors.mean + self.vector.bias,
        })
    }

    /// The ratings and the vector.
    pub(crate) fn into_parts(self) -> (Vec<Rated>, UserVector) {
        (self.rated, self.vector)
    }
}
