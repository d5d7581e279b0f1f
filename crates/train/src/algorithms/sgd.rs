//! The settings that the algorithms trained by stochastic gradient descent have in common.

use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::vectors::LANES;
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};

/// The values of [`hyperparameters`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) rank: usize,
    pub(super) epochs: usize,
    pub(super) learning_rate: f32,
    pub(super) regularisation: f32,
    initial_deviation: f32,
}

/// The shared hyperparameters, with the defaults in which the algorithms differ.
pub(super) const fn hyperparameters(rank: u32, learning_rate: f64) -> [Hyperparameter; 5] {
    [
        Hyperparameter {
            name: "n_factors",
            domain: Domain::Integer { default: rank, min: 1, max: 4096 },
            help: "length of a factor row",
        },
        Hyperparameter {
            name: "n_epochs",
            domain: Domain::Integer { default: 20, min: 1, max: 10_000 },
            help: "passes over the ratings",
        },
        Hyperparameter {
            name: "lr_all",
            domain: Domain::Real { default: learning_rate, min: 1e-6, max: 1.0 },
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
    ]
}

impl Settings {
    pub(super) fn new(values: &Hyperparameters) -> Self {
        Self {
            rank: values.integer("n_factors"),
            epochs: values.integer("n_epochs"),
            learning_rate: values.real("lr_all"),
            regularisation: values.real("reg_all"),
            initial_deviation: values.real("init_std_dev"),
        }
    }

    /// The length of a factor row in memory, padded to whole vectors.
    pub(super) fn stride(&self) -> usize {
        self.rank.next_multiple_of(LANES)
    }

    /// `rows` factor rows from the initial distribution. The padding is zero.
    pub(super) fn initial_factors(&self, rows: usize, random: &mut Xoshiro256PlusPlus) -> Vec<f32> {
        let mut factors = vec![0.0; rows * self.stride()];
        if let Ok(normal) = Normal::new(0.0_f32, self.initial_deviation) {
            for row in factors.chunks_exact_mut(self.stride()) {
                row[..self.rank].fill_with(|| normal.sample(random));
            }
        }
        factors
    }
}
