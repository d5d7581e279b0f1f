//! Biased matrix factorisation by stochastic gradient descent: the SVD of scikit-surprise.
//!
//! Funk 2006; Koren, Bell, Volinsky, "Matrix Factorization Techniques for Recommender Systems" (2009),
//! equation 5. For each rating with error `e = r - (mean + b_u + b_i + <p_u, q_i>)`:
//! `b += lr (e - reg b)` for both biases, `p_u += lr (e q_i - reg p_u)`, `q_i += lr (e p_u - reg q_i)`.
//!
//! The order of the ratings is ours: see `grid`. scikit-surprise goes user by user.

mod grid;
mod kernel;

use matinee_model::Factors;
use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::vectors::LANES;
use super::{Algorithm, Fitted, Training};
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};
use crate::run::{Run, StateError, StateReader, StateWriter};
use grid::{Grid, Side};
use kernel::Step;

/// What the algorithm takes.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "n_factors",
        domain: Domain::Integer { default: 100, min: 1, max: 4096 },
        help: "length of a factor row",
    },
    Hyperparameter {
        name: "n_epochs",
        domain: Domain::Integer { default: 20, min: 1, max: 10_000 },
        help: "passes over the ratings",
    },
    Hyperparameter {
        name: "lr_all",
        domain: Domain::Real { default: 0.005, min: 1e-6, max: 1.0 },
        help: "learning rate of biases and factors",
    },
    Hyperparameter {
        name: "reg_all",
        domain: Domain::Real { default: 0.02, min: 0.0, max: 10.0 },
        help: "regularisation of biases and factors",
    },
    Hyperparameter {
        name: "init_std_dev",
        domain: Domain::Real { default: 0.1, min: 0.0, max: 10.0 },
        help: "standard deviation of the factors at the start",
    },
    Hyperparameter {
        name: "biased",
        domain: Domain::Flag { default: true },
        help: "whether mean and biases are part of the model",
    },
];

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct Svd {
    rank: usize,
    epochs: usize,
    learning_rate: f32,
    regularisation: f32,
    initial_deviation: f32,
    biased: bool,
}

/// A descent under way: the factors after some epochs.
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
        Self {
            rank: values.integer("n_factors"),
            epochs: values.integer("n_epochs"),
            learning_rate: values.real("lr_all"),
            regularisation: values.real("reg_all"),
            initial_deviation: values.real("init_std_dev"),
            biased: values.flag("biased"),
        }
    }

    /// Places the ratings and draws the factors to begin with.
    pub fn begin(&self, training: &Training<'_>) -> Descent {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(training.seed);
        let stride = self.rank.next_multiple_of(LANES);
        let grid = Grid::new(training, stride, &mut random);
        let users = Side::new(self.initial_factors(training.user_count, stride, &mut random), stride);
        let movies = Side::new(self.initial_factors(training.movie_count, stride, &mut random), stride);
        let step = Step {
            mean: if self.biased { training.mean() as f32 } else { 0.0 },
            learning_rate: self.learning_rate,
            regularisation: self.regularisation,
            biased: self.biased,
        };
        Descent { epochs: self.epochs, rank: self.rank, step, grid, users, movies, random }
    }

    /// `rows` x rank numbers from the initial distribution, in rows of `stride` whose tails are zero.
    fn initial_factors(&self, rows: usize, stride: usize, random: &mut Xoshiro256PlusPlus) -> Vec<f32> {
        let mut factors = vec![0.0; rows * stride];
        if let Ok(normal) = Normal::new(0.0_f32, self.initial_deviation) {
            for row in factors.chunks_exact_mut(stride) {
                row[..self.rank].fill_with(|| normal.sample(random));
            }
        }
        factors
    }
}

impl Algorithm for Svd {
    fn begin<'a>(&'a self, training: &Training<'a>) -> Box<dyn Run + 'a> {
        Box::new(Svd::begin(self, training))
    }
}

impl Descent {
    /// Visits every rating once; returns the root mean squared error before the updates.
    pub fn epoch(&mut self) -> f64 {
        let squares = self.grid.pass(&mut self.users, &mut self.movies, self.step, &mut self.random);
        (squares / self.grid.rating_count().max(1) as f64).sqrt()
    }

    /// The model as it is now.
    pub fn factors(&self) -> Factors {
        let (user_biases, user_factors) = self.in_row_order(&self.users, self.grid.user_places());
        let (movie_biases, movie_factors) = self.in_row_order(&self.movies, self.grid.movie_places());
        Factors { mean: self.step.mean, user_biases, movie_biases, user_factors, movie_factors }
    }

    /// Biases and factors by row. A row without a place was never rated: it is zero, not what it began as.
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

    /// Biases, factors and the random numbers; data and seed determine the grid.
    fn save(&self, state: &mut StateWriter) {
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
