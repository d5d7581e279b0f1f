//! Biased matrix factorisation by alternating least squares.
//!
//! Zhou, Wilkinson, Schreiber, Pan, "Large-Scale Parallel Collaborative Filtering for the Netflix Prize" (2008):
//! with the movies fixed, each user's bias and factors are a ridge regression of the user's ratings, minus the mean and
//! the movie biases, on `(1, q_i)`. It is regularised in proportion to the number of ratings. Then the same for the
//! movies. A regression is solved by a few steps of conjugate gradients, starting from the last solution
//! (Takacs, Pilaszy, Tikk, "Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative
//! Filtering", 2011): each step passes over the ratings once, without forming a matrix. Users do not depend on
//! each other, so they are solved in parallel, with the same result on any number of threads.

use matinee_model::Factors;
use ndarray::{Array1, Array2};
use pulp::{Arch, Simd, WithSimd};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

use super::vectors::{LANES, inner, scale_and_add};
use crate::algorithm::{Algorithm, Fitted, Run, Training};
use crate::hyperparameters::{Domain, Hyperparameter, Hyperparameters};
use crate::ratings::Rating;
use crate::rows::Rows;
use crate::seeds;
use crate::state::{StateError, StateReader, StateWriter};

/// The hyperparameters of the algorithm.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "n_factors",
        domain: Domain::Integer { default: 32, min: 1, max: 4096 },
        help: "length of a factor row",
    },
    Hyperparameter {
        name: "n_epochs",
        domain: Domain::Integer { default: 15, min: 1, max: 10_000 },
        help: "sweeps over both sides",
    },
    Hyperparameter {
        name: "reg_all",
        domain: Domain::Real { default: 0.13, min: 1e-6, max: 10.0 },
        help: "regularisation of biases and factors, times the number of ratings of a row",
    },
    Hyperparameter {
        name: "cg_steps",
        domain: Domain::Integer { default: 3, min: 1, max: 1000 },
        help: "conjugate gradient steps of each regression",
    },
    Hyperparameter {
        name: "init_std_dev",
        domain: Domain::Real { default: 0.1, min: 0.0, max: 10.0 },
        help: "standard deviation of the movies' factors at the start",
    },
];

/// The algorithm with its hyperparameters.
#[derive(Debug, Clone, Copy)]
pub struct Als {
    rank: usize,
    epochs: usize,
    regularisation: f32,
    steps: usize,
    initial_deviation: f32,
}

/// A run in progress.
struct Alternation<'a> {
    algorithm: &'a Als,
    rating_count: usize,
    mean: f32,
    users: Side,
    movies: Side,
}

/// One side: rows `(bias, factors, padding)`, and the ratings of each row.
struct Side {
    rows: Vec<f32>,
    /// For each rating, the row of the other side, and the rating minus the mean.
    ratings: Rows<(u32, f32)>,
}

impl Als {
    /// The algorithm with these values of [`HYPERPARAMETERS`].
    pub fn new(values: &Hyperparameters) -> Self {
        Self {
            rank: values.integer("n_factors"),
            epochs: values.integer("n_epochs"),
            regularisation: values.real("reg_all"),
            steps: values.integer("cg_steps"),
            initial_deviation: values.real("init_std_dev"),
        }
    }

    /// The length of a row: the bias, the factors, and padding up to whole vectors.
    fn stride(&self) -> usize {
        (1 + self.rank).next_multiple_of(LANES)
    }

    /// Solves every row of `side` with `other` fixed. Returns the sum of squared errors afterwards.
    fn solve(&self, side: &mut Side, other: &Side) -> f64 {
        let stride = self.stride();
        let Side { rows, ratings } = side;
        let solved = rows.par_chunks_mut(stride).enumerate().map_init(
            || Regression::new(stride),
            |regression, (index, row)| {
                let ratings = ratings.row(index);
                Arch::new().dispatch(Solve { regression, row, ratings, others: &other.rows, algorithm: self })
            },
        );
        // Summed in the order of the rows: a parallel sum would depend on the number of threads.
        solved.collect::<Vec<f64>>().iter().sum()
    }
}

impl Algorithm for Als {
    fn begin<'a>(&'a self, training: &Training<'_>) -> Box<dyn Run + 'a> {
        let (stride, mean) = (self.stride(), training.mean() as f32);
        let users = Side::new(training, training.user_count, mean, stride, |rating| {
            (rating.user.index(), rating.movie.0)
        });
        let mut movies = Side::new(training, training.movie_count, mean, stride, |rating| {
            (rating.movie.index(), rating.user.0)
        });
        movies.draw(self, training.seed);
        Box::new(Alternation { algorithm: self, rating_count: training.ratings.len(), mean, users, movies })
    }
}

impl Run for Alternation<'_> {
    fn epochs(&self) -> usize {
        self.algorithm.epochs
    }

    fn epoch(&mut self) -> f64 {
        self.algorithm.solve(&mut self.users, &self.movies);
        let squares = self.algorithm.solve(&mut self.movies, &self.users);
        (squares / self.rating_count.max(1) as f64).sqrt()
    }

    fn fitted(&self) -> Fitted {
        let (stride, rank) = (self.algorithm.stride(), self.algorithm.rank);
        let (user_biases, user_factors) = self.users.split(stride, rank);
        let (movie_biases, movie_factors) = self.movies.split(stride, rank);
        Factors { mean: self.mean, user_biases, movie_biases, user_factors, movie_factors }.into()
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.floats(&self.users.rows);
        state.floats(&self.movies.rows);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.floats(&mut self.users.rows)?;
        state.floats(&mut self.movies.rows)
    }
}

impl Side {
    fn new(
        training: &Training<'_>,
        rows: usize,
        mean: f32,
        stride: usize,
        sides: impl Fn(&Rating) -> (usize, u32),
    ) -> Self {
        let pairs = training.ratings.iter().map(|rating| {
            let (own, other) = sides(&rating);
            (own, (other, rating.value - mean))
        });
        Self { rows: vec![0.0; rows * stride], ratings: Rows::of(rows, pairs) }
    }

    /// Random factors for the rows with ratings.
    fn draw(&mut self, algorithm: &Als, seed: u64) {
        let mut random = seeds::generator(seed, "als");
        let Ok(normal) = Normal::new(0.0_f32, algorithm.initial_deviation) else { return };
        let stride = algorithm.stride();
        for row in self.ratings.filled() {
            let factors = &mut self.rows[row * stride + 1..=row * stride + algorithm.rank];
            factors.fill_with(|| normal.sample(&mut random));
        }
    }

    fn split(&self, stride: usize, rank: usize) -> (Array1<f32>, Array2<f32>) {
        let rows = self.ratings.len();
        let biases = self.rows.chunks_exact(stride).map(|row| row[0]).collect();
        let factors =
            Array2::from_shape_fn((rows, rank), |(row, factor)| self.rows[row * stride + 1 + factor]);
        (biases, factors)
    }
}

/// The vectors of the conjugate gradient method, reused between rows.
struct Regression {
    residual: Vec<f32>,
    direction: Vec<f32>,
    image: Vec<f32>,
}

impl Regression {
    fn new(stride: usize) -> Self {
        Self { residual: vec![0.0; stride], direction: vec![0.0; stride], image: vec![0.0; stride] }
    }
}

/// The regression of one row. Its output is the sum of squared errors afterwards.
struct Solve<'a> {
    regression: &'a mut Regression,
    row: &'a mut [f32],
    ratings: &'a [(u32, f32)],
    others: &'a [f32],
    algorithm: &'a Als,
}

impl WithSimd for Solve<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { regression, row, ratings, others, algorithm } = self;
        if ratings.is_empty() {
            return 0.0;
        }
        let stride = row.len();
        let ridge = algorithm.regularisation * ratings.len() as f32;
        let other = |index: u32| &others[index as usize * stride..(index as usize + 1) * stride];
        let Regression { residual, direction, image } = regression;

        // residual = sum x (y - x' row) - ridge row, where x is (1, factors) of the other side
        residual.iter_mut().zip(row.iter()).for_each(|(residual, &value)| *residual = -ridge * value);
        for &(index, value) in ratings {
            let x = other(index);
            add_feature(simd, residual, x, value - x[0] - along_feature(simd, x, row));
        }
        direction.copy_from_slice(residual);
        let mut length = inner(simd, residual, residual);
        for _ in 0..algorithm.steps {
            if length <= f32::EPSILON {
                break;
            }
            image.iter_mut().zip(direction.iter()).for_each(|(image, &value)| *image = ridge * value);
            for &(index, _) in ratings {
                let x = other(index);
                add_feature(simd, image, x, along_feature(simd, x, direction));
            }
            let step = length / inner(simd, direction, image);
            scale_and_add(simd, row, 1.0, direction, step);
            scale_and_add(simd, residual, 1.0, image, -step);
            let shorter = inner(simd, residual, residual);
            scale_and_add(simd, direction, shorter / length, residual, 1.0);
            length = shorter;
        }
        let error = |&(index, value): &(u32, f32)| {
            let x = other(index);
            f64::from(value - x[0] - along_feature(simd, x, row)).powi(2)
        };
        ratings.iter().map(error).sum()
    }
}

/// `(1, factors)' vector`. In memory, the bias of the other side is in the place of the 1.
#[inline(always)]
fn along_feature<S: Simd>(simd: S, x: &[f32], vector: &[f32]) -> f32 {
    inner(simd, x, vector) + (1.0 - x[0]) * vector[0]
}

/// `to += times (1, factors)`
#[inline(always)]
fn add_feature<S: Simd>(simd: S, to: &mut [f32], x: &[f32], times: f32) {
    scale_and_add(simd, to, 1.0, x, times);
    to[0] += times * (1.0 - x[0]);
}
