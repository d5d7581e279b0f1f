//! Mean plus regularised biases, by alternating least squares.
//!
//! Koren, "Factor in the Neighbors" (2010), section 2.1: the biases minimise
//! `sum (r - mean - b_u - b_i)^2 + reg_u sum b_u^2 + reg_i sum b_i^2`. With the other side fixed, each bias
//! is the sum of its residuals over its number of ratings plus the regularisation.

use matinee_model::Factors;
use ndarray::Array1;

use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};
use crate::ratings::{Rating, Ratings};
use crate::state::{StateError, StateReader, StateWriter};

pub(super) const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "n_epochs",
        domain: Domain::Integer { default: 10, min: 1, max: 1000 },
        help: "sweeps over both sides",
    },
    Hyperparameter {
        name: "reg_u",
        domain: Domain::Real { default: 4.0, min: 0.0, max: 1e6 },
        help: "regularisation of user biases, in ratings",
    },
    Hyperparameter {
        name: "reg_i",
        domain: Domain::Real { default: 4.0, min: 0.0, max: 1e6 },
        help: "regularisation of movie biases, in ratings",
    },
];

pub(super) struct Bias {
    epochs: usize,
    user_regularisation: f64,
    movie_regularisation: f64,
}

/// A run in progress.
struct Alternation {
    epochs: usize,
    ratings: Ratings,
    mean: f64,
    users: Side,
    movies: Side,
}

impl Bias {
    pub(super) fn new(values: &Hyperparameters) -> Self {
        Self {
            epochs: values.integer("n_epochs"),
            user_regularisation: f64::from(values.real("reg_u")),
            movie_regularisation: f64::from(values.real("reg_i")),
        }
    }
}

impl Algorithm for Bias {
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        let users = Side::new(training.user_count, self.user_regularisation, |rating| rating.user.index());
        let movies =
            Side::new(training.movie_count, self.movie_regularisation, |rating| rating.movie.index());
        Box::new(Alternation {
            epochs: self.epochs,
            ratings: training.ratings.clone(),
            mean: training.mean(),
            users,
            movies,
        })
    }
}

impl Run for Alternation {
    fn epochs(&self) -> usize {
        self.epochs
    }

    fn epoch(&mut self) -> f64 {
        let Self { ratings, mean, users, movies, .. } = self;
        movies.solve(ratings, |rating| f64::from(rating.value) - *mean - users.of(rating));
        users.solve(ratings, |rating| f64::from(rating.value) - *mean - movies.of(rating));
        let residual =
            |rating: &Rating| f64::from(rating.value) - *mean - users.of(rating) - movies.of(rating);
        let squares: f64 = ratings.iter().map(|rating| residual(&rating).powi(2)).sum();
        (squares / ratings.len().max(1) as f64).sqrt()
    }

    fn fitted(&self) -> Fitted {
        let [user_count, movie_count] = [&self.users, &self.movies].map(|side| side.biases.len());
        let mut factors = Factors::constant(self.mean as f32, user_count, movie_count, 0);
        factors.user_biases = self.users.biases();
        factors.movie_biases = self.movies.biases();
        factors.into()
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.reals(&self.users.biases);
        state.reals(&self.movies.biases);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.reals(&mut self.users.biases)?;
        state.reals(&mut self.movies.biases)
    }
}

/// The biases of the users, or of the movies.
struct Side {
    biases: Vec<f64>,
    regularisation: f64,
    row: fn(&Rating) -> usize,
}

impl Side {
    fn new(rows: usize, regularisation: f64, row: fn(&Rating) -> usize) -> Self {
        Self { biases: vec![0.0; rows], regularisation, row }
    }

    fn of(&self, rating: &Rating) -> f64 {
        self.biases[(self.row)(rating)]
    }

    /// Sets each bias to its optimum, given the residual of each rating.
    fn solve(&mut self, ratings: &Ratings, residual: impl Fn(&Rating) -> f64) {
        let mut counts = vec![self.regularisation; self.biases.len()];
        self.biases.fill(0.0);
        for rating in ratings {
            let row = (self.row)(&rating);
            self.biases[row] += residual(&rating);
            counts[row] += 1.0;
        }
        for (bias, count) in self.biases.iter_mut().zip(counts) {
            *bias = if count > 0.0 { *bias / count } else { 0.0 };
        }
    }

    fn biases(&self) -> Array1<f32> {
        self.biases.iter().map(|&bias| bias as f32).collect()
    }
}
