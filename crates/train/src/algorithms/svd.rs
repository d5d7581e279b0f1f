//! Biased matrix factorisation by stochastic gradient descent: the SVD of scikit-surprise.
//!
//! Funk 2006; Koren, Bell, Volinsky, "Matrix Factorization Techniques for Recommender Systems" (2009),
//! equation 5. For each rating with error `e = r - (mean + b_u + b_i + <p_u, q_i>)`:
//! `b += lr (e - reg b)` for both biases, `p_u += lr (e q_i - reg p_u)`, `q_i += lr (e p_u - reg q_i)`.
//!
//! Only the order of the ratings differs: see `grid`. scikit-surprise visits them user by user.

mod grid;
mod kernel;
mod side;

use matinee_model::Factors;
use ndarray::{Array1, Array2};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::sgd;
use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};
use crate::seeds;
use crate::state::{StateError, StateReader, StateWriter};
use grid::Grid;
use kernel::Step;
use side::Side;

/// The hyperparameters of the algorithm.
pub const HYPERPARAMETERS: &[Hyperparameter] = &{
    let [factors, epochs, learning_rate, regularisation, deviation] = sgd::hyperparameters(100, 0.005);
    [factors, epochs, learning_rate, regularisation, deviation, BIASED]
};

const BIASED: Hyperparameter = Hyperparameter {
    name: "biased",
    domain: Domain::Flag { default: true },
    help: "whether mean and biases are part of the model",
};

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct Svd {
    settings: sgd::Settings,
    biased: bool,
}

/// A run in progress: the factors after some epochs.
pub struct Descent {
    epochs: usize,
    rank: usize,
    step: Step,
    grid: Grid,
    users: Side,
    movies: Side,
    random: Xoshiro256PlusPlus,
}

impl Svd {
    /// The algorithm with these values of [`HYPERPARAMETERS`].
    pub fn new(values: &Hyperparameters) -> Self {
        Self { settings: sgd::Settings::new(values), biased: values.flag("biased") }
    }

    /// Arranges the ratings, and draws the initial factors.
    pub fn begin(&self, training: &Training<'_>) -> Descent {
        let mut random = seeds::generator(training.seed, "svd");
        let settings = self.settings;
        let stride = settings.stride();
        let grid = Grid::new(training, stride, &mut random);
        let users = Side::new(settings.initial_factors(training.user_count, &mut random), stride);
        let movies = Side::new(settings.initial_factors(training.movie_count, &mut random), stride);
        let step = Step {
            mean: if self.biased { training.mean() as f32 } else { 0.0 },
            learning_rate: settings.learning_rate,
            regularisation: settings.regularisation,
            biased: self.biased,
        };
        Descent { epochs: settings.epochs, rank: settings.rank, step, grid, users, movies, random }
    }
}

impl Algorithm for Svd {
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        Box::new(Svd::begin(self, training))
    }
}

impl Descent {
    /// Visits every rating once; returns the root mean squared error before the updates.
    pub fn epoch(&mut self) -> f64 {
        let squares = self.grid.pass(&mut self.users, &mut self.movies, self.step, &mut self.random);
        (squares / self.grid.rating_count().max(1) as f64).sqrt()
    }

    /// The model in its current state.
    pub fn factors(&self) -> Factors {
        let (user_biases, user_factors) = self.in_row_order(&self.users, self.grid.user_places());
        let (movie_biases, movie_factors) = self.in_row_order(&self.movies, self.grid.movie_places());
        Factors { mean: self.step.mean, user_biases, movie_biases, user_factors, movie_factors }
    }

    /// Biases and factors by row. A row without a place has no ratings: it is zero, not its initial value.
    fn in_row_order(&self, side: &Side, places: &[Option<u32>]) -> (Array1<f32>, Array2<f32>) {
        let mut biases = Array1::zeros(places.len());
        let mut factors = Array2::zeros((places.len(), self.rank));
        for (row, place) in places.iter().enumerate() {
            if let Some(place) = *place {
                biases[row] = side.bias(place);
                for (to, &from) in factors.row_mut(row).iter_mut().zip(side.factors(place)) {
                    *to = from;
                }
            }
        }
        (biases, factors)
    }
}

impl Run for Descent {
    fn epochs(&self) -> usize {
        self.epochs
    }

    fn epoch(&mut self) -> f64 {
        Descent::epoch(self)
    }

    fn fitted(&self) -> Fitted {
        self.factors().into()
    }

    /// Writes biases, factors and the random number generator. Data and seed determine the grid.
    fn save(&self, state: &mut StateWriter<'_>) {
        state.value(&self.random);
        self.users.save(state);
        self.movies.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.random = state.value()?;
        self.users.restore(state)?;
        self.movies.restore(state)
    }
}
