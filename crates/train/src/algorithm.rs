//! What an algorithm is: it gets a [`Training`], begins a [`Run`], and the run ends with a [`Fitted`].
//!
//! Each algorithm in [`algorithms`](crate::algorithms) needs only this and its own hyperparameters.

use matinee_model::{Factors, RatingScale};
use rayon::prelude::*;

use crate::attributes::MovieAttributes;
use crate::progress::Progress;
use crate::ratings::{Dataset, Ratings};
use crate::state::{StateError, StateReader, StateWriter};

/// What an algorithm learns from.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// The number of user rows. Users without ratings have rows too.
    pub user_count: usize,
    /// The number of movie rows.
    pub movie_count: usize,
    /// The ratings in any order, at most one for each (user, movie) pair.
    pub ratings: &'a Ratings,
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
    /// Whether its scores are calibrated on hold-outs: see [`crate::calibration`].
    fn is_calibrated(&self) -> bool {
        false
    }

    /// Starts a run that learns without one of several hold-outs. It may do its share of the work only, if it learns nearly as
    /// well: the hold-outs together should cost no more than one [`begin`](Self::begin).
    fn begin_without_hold_out<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        self.begin(training)
    }

    /// Starts a run, which then learns epoch by epoch.
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a>;
}

/// A training run in progress.
///
/// A run that starts on the same data with the same seed is the same run, so only what epochs change has to be saved.
/// A new run that restores a saved state continues with exactly the same bits as the run that saved it.
pub trait Run: Send + Sync {
    /// The total number of epochs.
    fn epochs(&self) -> usize;

    /// Runs one epoch. Returns the root mean squared error on the training ratings.
    fn epoch(&mut self) -> f64;

    /// The model in its current state.
    fn fitted(&self) -> Fitted;

    /// From now on, the run is told how well it predicts a hold-out, when it [asks](Self::asks). It may then become longer.
    fn watch(&mut self) {}

    /// Whether the run asks, after the last epoch, how well its current model predicts.
    fn asks(&self) -> bool {
        false
    }

    /// Tells the run the root mean squared error of its current model on a hold-out.
    fn tell(&mut self, _rmse: f64) {}

    /// The value that a watched run has given to the hyperparameter it may raise.
    fn chosen(&self) -> Option<u32> {
        None
    }

    /// Writes everything that epochs change.
    fn save(&self, state: &mut StateWriter<'_>);

    /// Reads what [`save`](Self::save) wrote, in the same order.
    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// Runs of the same length that advance side by side, on as many threads as there are.
pub struct Runs<'a> {
    runs: Vec<Box<dyn Run + 'a>>,
    watch: Option<Box<Watch<'a>>>,
}

/// The root mean squared error of models on their hold-outs together.
type Watch<'a> = dyn Fn(&[Fitted]) -> f64 + 'a;

/// What runs have learned.
#[derive(Debug)]
pub struct Completed {
    /// The model of each.
    pub fitted: Vec<Fitted>,
    /// The value that they gave to the hyperparameter they may raise, if they were watched.
    pub chosen: Option<u32>,
}

impl<'a> Runs<'a> {
    /// These runs.
    pub fn new(runs: Vec<Box<dyn Run + 'a>>) -> Self {
        Self { runs, watch: None }
    }

    /// The runs, which are told how well they predict. All are told the error over all hold-outs, so they choose the same
    /// length.
    #[must_use]
    pub fn watched(mut self, watch: impl Fn(&[Fitted]) -> f64 + 'a) -> Self {
        self.runs.iter_mut().for_each(|run| run.watch());
        Self { watch: Some(Box::new(watch)), ..self }
    }

    /// The total number of epochs of each. It grows if watched runs become longer.
    pub fn epochs(&self) -> usize {
        self.runs.iter().map(|run| run.epochs()).max().unwrap_or(0)
    }

    /// Runs one epoch of each. Returns the mean of their errors on the training ratings.
    pub fn epoch(&mut self) -> f64 {
        let errors: Vec<f64> = self.runs.par_iter_mut().map(|run| run.epoch()).collect();
        if let Some(watch) = &self.watch
            && self.runs.iter().any(|run| run.asks())
        {
            let rmse = watch(&self.fitted());
            self.runs.iter_mut().for_each(|run| run.tell(rmse));
        }
        errors.iter().sum::<f64>() / errors.len().max(1) as f64
    }

    /// Runs all epochs.
    pub fn complete(mut self, progress: &dyn Progress) -> Completed {
        progress.begin(self.epochs());
        let mut done = 0;
        while done < self.epochs() {
            let train_rmse = self.epoch();
            done += 1;
            progress.epoch(done, train_rmse);
        }
        self.completed()
    }

    /// What the runs have learned.
    pub fn completed(&self) -> Completed {
        Completed { fitted: self.fitted(), chosen: self.runs.iter().find_map(|run| run.chosen()) }
    }

    fn fitted(&self) -> Vec<Fitted> {
        self.runs.par_iter().map(|run| run.fitted()).collect()
    }

    /// Writes everything that epochs change.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        self.runs.iter().for_each(|run| run.save(state));
    }

    /// Reads what [`save`](Self::save) wrote.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.runs.iter_mut().try_for_each(|run| run.restore(state))
    }
}

impl Dataset {
    /// What an algorithm learns from if it may see only these `ratings` of the data set.
    pub fn training<'a>(&'a self, ratings: &'a Ratings, seed: u64) -> Training<'a> {
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
