//! What an algorithm is: it gets a [`Training`], begins a [`Run`], and the run ends with a [`Fitted`].
//!
//! Each algorithm in [`algorithms`](crate::algorithms) needs only this and its own hyperparameters.

use matinee_model::{Factors, RatingScale};

use crate::attributes::MovieAttributes;
use crate::ratings::{Dataset, Rating};
use crate::state::{StateError, StateReader, StateWriter};

/// What an algorithm learns from.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// The number of user rows. Users without ratings have rows too.
    pub user_count: usize,
    /// The number of movie rows.
    pub movie_count: usize,
    /// The ratings in any order, at most one for each (user, movie) pair.
    pub ratings: &'a [Rating],
    /// What is known about the movies besides their ratings.
    pub attributes: &'a MovieAttributes,
    /// The scale of the ratings.
    pub scale: RatingScale,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// What an algorithm learned.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Mean, biases and factors. A row without ratings has what the algorithm can predict without them, or zeros.
    pub factors: Factors,
    /// The larger model that `factors` were reduced from, if the algorithm reduces its result.
    pub unreduced: Option<Factors>,
}

/// A configured algorithm.
pub trait Algorithm: Sync {
    /// Starts a run, which then learns epoch by epoch.
    fn begin<'a>(&'a self, training: &Training<'a>) -> Box<dyn Run + 'a>;
}

/// A training run in progress.
///
/// A run that starts on the same data with the same seed is the same run, so only what epochs change has to be saved.
/// A new run that restores a saved state continues with exactly the same bits as the run that saved it.
pub trait Run {
    /// The total number of epochs.
    fn epochs(&self) -> usize;

    /// Runs one epoch. Returns the root mean squared error on the training ratings.
    fn epoch(&mut self) -> f64;

    /// The model in its current state.
    fn fitted(&self) -> Fitted;

    /// Writes everything that epochs change.
    fn save(&self, state: &mut StateWriter);

    /// Reads what [`save`](Self::save) wrote, in the same order.
    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError>;
}

impl Dataset {
    /// What an algorithm learns from if it may see only these `ratings` of the data set.
    pub fn training<'a>(&'a self, ratings: &'a [Rating], seed: u64) -> Training<'a> {
        Training {
            user_count: self.user_count(),
            movie_count: self.movie_count(),
            ratings,
            attributes: &self.attributes,
            scale: self.scale,
            seed,
        }
    }
}

impl Training<'_> {
    /// The mean of the ratings, or 0 if there are none.
    pub(crate) fn mean(&self) -> f64 {
        let sum: f64 = self.ratings.iter().map(|rating| f64::from(rating.value)).sum();
        sum / self.ratings.len().max(1) as f64
    }
}

impl From<Factors> for Fitted {
    fn from(factors: Factors) -> Self {
        Self { factors, unreduced: None }
    }
}
