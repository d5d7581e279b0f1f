//! Bayesian matrix factorisation by variational inference: for as many ratings as there are.
//!
//! A rating of movie `i` by user `u` is `b_u + b_i + <p_u, q_i> + noise`, relative to the mean. The unknowns `(b, p)` of a
//! user have a normal prior, and so have those of a movie. Their posterior is approximated by independent normal
//! distributions of the rows: Lim, Teh, "Variational Bayesian Approach to Movie Rating Prediction" (2007). The prior means
//! depend on which movies the user rated, on who rated the movie, and on genres, years and title words: see `features`.
//! All hyperparameters are estimated from the data.
//!
//! Each epoch is one pass over the users. Given the movies, a user is a linear regression. Its posterior is computed from
//! the ratings and not kept; only sums by movie remain, from which each movie is solved. So the memory is that of the movies
//! and of the ratings, users can be divided among any threads or machines, and sums in fixed point give the same
//! bytes for each division.

mod attributes;
mod conjugate;
mod features;
mod fixed;
mod layout;
mod linear;
mod movies;
mod pass;
mod priors;
mod regression;
mod served;
mod sets;
mod shape;
mod users;

use super::mean::Mean;
use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};
use crate::state::{StateError, StateReader, StateWriter};
use features::Features;
use layout::Layout;
use movies::Movies;
use pass::pass;
use priors::{Deviations, NOISE, Prior, noise};
use shape::Shape;
use users::Users;

/// The hyperparameters of the algorithm.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "n_factors",
        domain: Domain::Integer { default: 16, min: 1, max: 128 },
        help: "factors of users and movies",
    },
    Hyperparameter {
        name: "n_epochs",
        domain: Domain::Integer { default: 16, min: 1, max: 10_000 },
        help: "passes over the ratings",
    },
];

/// The variances at the start. Factors of users are about 1, those of movies in units of stars.
const BIAS_VARIANCE: f64 = 0.2;
const USER_VARIANCE: f64 = 1.0;
const MOVIE_VARIANCE: f64 = 0.02;
/// Sets and attributes wait until factors have a direction.
const EPOCHS_WITHOUT_FEATURES: usize = 1;

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct Vb {
    factors: usize,
    epochs: usize,
}

/// A run in progress.
struct Inference {
    epochs: usize,
    epochs_done: usize,
    shape: Shape,
    layout: Layout,
    squared_ratings: f64,
    movies: Movies,
    features: Features,
    user_prior: Prior,
    movie_prior: Prior,
    noise: f64,
}

impl Vb {
    /// The algorithm with these values of [`HYPERPARAMETERS`].
    pub fn new(values: &Hyperparameters) -> Self {
        Self { factors: values.integer("n_factors"), epochs: values.integer("n_epochs") }
    }
}

impl Algorithm for Vb {
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        if training.ratings.is_empty() {
            return Mean.begin(training);
        }
        Box::new(Inference::new(*self, training))
    }
}

impl Inference {
    fn new(algorithm: Vb, training: &Training<'_>) -> Self {
        let shape = Shape { factors: algorithm.factors };
        let layout = Layout::new(training);
        Self {
            epochs: algorithm.epochs,
            epochs_done: 0,
            shape,
            squared_ratings: layout.squares(),
            movies: Movies::new(shape, training.movie_count, training.seed),
            features: Features::new(&layout, training.attributes.groups(), shape.order()),
            layout,
            user_prior: Prior::new(shape, BIAS_VARIANCE, USER_VARIANCE),
            movie_prior: Prior::new(shape, BIAS_VARIANCE, MOVIE_VARIANCE),
            noise: NOISE,
        }
    }

    fn users(&self) -> Users<'_> {
        Users {
            shape: self.shape,
            movies: &self.movies,
            features: &self.features,
            prior: &self.user_prior,
            noise: self.noise,
        }
    }
}

impl Run for Inference {
    fn epochs(&self) -> usize {
        self.epochs
    }

    fn epoch(&mut self) -> f64 {
        let (sums, totals) = pass(&self.users(), &self.layout);
        let of_users = Deviations::of_totals(&totals, self.shape, self.layout.rater_count());
        let expected = self.features.expected();
        let solved = self.movies.solve(sums, expected, &self.movie_prior, self.noise);
        let steps = [of_users.mean(), solved.deviations.mean()];
        self.user_prior.update(&of_users, &steps[0]);
        self.movie_prior.update(&solved.deviations, &steps[1]);
        self.noise = noise(self.squared_ratings + solved.squares, self.layout.rating_count());
        self.epochs_done += 1;
        if self.epochs_done > EPOCHS_WITHOUT_FEATURES {
            let priors = [&self.user_prior, &self.movie_prior];
            self.features.improve(&self.layout, solved.rows, priors, [&steps[0], &steps[1]]);
        }
        let squared_errors = totals.last().map_or(0.0, |&sum| fixed::total(sum));
        (squared_errors / self.layout.rating_count() as f64).sqrt()
    }

    fn fitted(&self) -> Fitted {
        served::factors(&self.users(), &self.layout).into()
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.epochs_done as u64);
        self.movies.save(state);
        self.features.save(state);
        self.user_prior.save(state);
        self.movie_prior.save(state);
        state.real(self.noise);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.epochs_done = state.number()? as usize;
        self.movies.restore(state)?;
        self.features.restore(state)?;
        self.user_prior.restore(state)?;
        self.movie_prior.restore(state)?;
        self.noise = state.real()?;
        Ok(())
    }
}
