//! Somebody with ratings of the moment, whose rating of a movie is predicted.

use crate::{Model, MovieId, Prediction, Rated, UnknownMovie, UserPrior, UserVector};

/// Somebody whom the model was not trained on, folded into the rating head by a few ratings.
#[derive(Debug)]
pub struct Rater<'m> {
    model: &'m Model,
    /// By ascending movie rows, each movie once.
    rated: Vec<Rated>,
    vector: UserVector,
}

impl<'m> Rater<'m> {
    /// Folds these ratings in. Of two ratings of a movie the last counts.
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

    /// How many ratings count.
    pub fn rating_count(&self) -> usize {
        self.rated.len()
    }

    /// Predicts the rating of `movie`. The rater counts as a known user if any rating counts.
    pub fn predict(&self, movie: &MovieId) -> Result<Prediction<'m>, UnknownMovie> {
        let model = self.model;
        let entry = model.catalogue().find(movie).ok_or_else(|| UnknownMovie(movie.clone()))?;
        let row = model.movie_row(movie);
        let (factors, scale) = (model.factors(), model.manifest().rating_scale);
        let score = match row {
            Some(row) => factors.score_vector(&self.vector, row),
            None => factors.mean + self.vector.bias,
        };
        let score = scale.clip(score);
        let own_ratings = self.rated.len() as u32;
        let movie_ratings = row.map_or(0, |row| model.rating_count(row));
        let intervals = model.manifest().intervals.as_ref();
        Ok(Prediction {
            score,
            title: entry.title,
            known_user: own_ratings > 0,
            known_movie: movie_ratings > 0,
            interval: intervals.map(|intervals| intervals.around(score, own_ratings, movie_ratings, scale)),
        })
    }

    /// The ratings and the vector.
    pub(crate) fn into_parts(self) -> (Vec<Rated>, UserVector) {
        (self.rated, self.vector)
    }
}
