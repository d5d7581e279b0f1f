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

mod assignment;
mod attributes;
mod conjugate;
mod epoch;
mod facts;
mod features;
mod fixed;
mod gram;
mod layout;
mod learner;
mod linear;
mod movies;
mod pass;
mod places;
mod priors;
mod records;
mod regression;
mod served;
mod sets;
mod shape;
mod sums;
mod units;
mod users;

use super::mean::Mean;
use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};
use crate::state::{StateError, StateReader, StateWriter};
pub(crate) use assignment::Assignment;
pub(crate) use facts::{Counts, Facts};
pub(crate) use layout::Layout;
pub(crate) use learner::Learner;
pub(crate) use pass::Passed;
pub(crate) use served::UserRows;
pub(crate) use sums::Sums;

/// The name of the algorithm.
pub const NAME: &str = "vb";

const MOST_FACTORS: u32 = 128;

/// The hyperparameters of the algorithm.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "n_factors",
        domain: Domain::Integer { default: 16, min: 1, max: MOST_FACTORS },
        help: "factors of users and movies",
    },
    Hyperparameter {
        name: "n_epochs",
        domain: Domain::Integer { default: 20, min: 1, max: 10_000 },
        help: "passes over the ratings",
    },
];

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct Vb {
    factors: usize,
    epochs: usize,
}

/// A run in progress.
struct Inference {
    learner: Learner,
    layout: Layout,
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
        let Training { user_count, movie_count, ratings, attributes, seed, .. } = *training;
        let facts = Facts::from(Counts::of(user_count, movie_count, ratings.iter()));
        let layout = Layout::new(user_count, ratings, &facts);
        let mut learner = Learner::new(algorithm, facts, attributes.groups(), seed);
        learner.take(learner.pass(&layout));
        Self { learner, layout }
    }
}

impl Run for Inference {
    fn epochs(&self) -> usize {
        self.learner.epochs()
    }

    fn epoch(&mut self) -> f64 {
        self.learner.take(self.learner.pass(&self.layout));
        self.learner.train_rmse()
    }

    fn fitted(&self) -> Fitted {
        self.learner.factors(self.learner.user_rows(&self.layout)).into()
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.learner.save_epochs(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.learner.restore_epochs(state)
    }
}
