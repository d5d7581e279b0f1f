//! Movies: each is solved from the sums over its raters.

use pulp::{Arch, Simd, WithSimd};
use rand::RngExt;
use rayon::prelude::*;

use super::facts::STEPS;
use super::fixed::POSTERIOR;
use super::pass::Sums;
use super::priors::{Deviations, Prior};
use super::regression::{Evidence, Regression};
use super::shape::{Shape, packed, write_moments};
use crate::seeds;
use crate::state::{StateError, StateReader, StateWriter};

/// The variance of the factors at the start.
const INITIAL_VARIANCE: f64 = 0.2;
/// The smallest share of the ratings in a posterior, which is divided by.
const SMALLEST_SHARE: f64 = 0.02;

/// The posteriors of all movies. All rows are in `f32`, which halves the memory that a pass reads.
#[derive(Clone)]
pub(super) struct Movies {
    shape: Shape,
    /// movies x order
    means: Vec<f32>,
    /// Packed second moments of `f`: movies x moments
    moments: Vec<f32>,
}

/// What solving all movies tells about everything else.
pub(super) struct Solved {
    pub(super) deviations: Deviations,
    /// The expected sum of squared errors, minus the sum of squared ratings.
    pub(super) squares: f64,
    pub(super) rows: Rows,
}

/// What solving each movie tells.
pub(super) struct Rows {
    /// The posterior mean minus the prior mean: movies x order.
    pub(super) deviations: Vec<f32>,
    /// How much the ratings say about each movie: see [`Prior::information`]. 0 without ratings.
    pub(super) information: Vec<f32>,
    /// The sums of `n_u^-1/2 (deviation of u)` over the raters: movies x order.
    pub(super) of_raters: Vec<f32>,
}

impl Movies {
    /// Movies with biases of 0, and with factors drawn from a uniform distribution.
    pub(super) fn new(shape: Shape, count: usize, seed: u64) -> Self {
        let mut random = seeds::generator(seed, "vb");
        let bound = (3.0 * INITIAL_VARIANCE).sqrt();
        let (order, width) = (shape.order(), shape.moments());
        let (mut means, mut moments) = (vec![0.0; count * order], vec![0.0; count * width]);
        let (mut mean, covariance) = (vec![0.0; order], vec![0.0; order * order]);
        for (means, moments) in means.chunks_exact_mut(order).zip(moments.chunks_exact_mut(width)) {
            mean[1..].fill_with(|| random.random_range(-bound..bound));
            write(&mean, &covariance, means, moments);
        }
        Self { shape, means, moments }
    }

    /// The posterior mean of a movie.
    #[inline(always)]
    pub(super) fn mean(&self, movie: u32) -> &[f32] {
        row(&self.means, movie, self.shape.order())
    }

    /// The packed second moment of a movie.
    #[inline(always)]
    pub(super) fn moments(&self, movie: u32) -> &[f32] {
        row(&self.moments, movie, self.shape.moments())
    }

    /// Solves every movie with ratings. `expected` is how far the prior mean of each movie is from that of all movies:
    /// movies x order.
    pub(super) fn solve(&mut self, sums: Sums, expected: &[f32], prior: &Prior, noise: f64) -> Solved {
        let (shape, order) = (self.shape, self.shape.order());
        let zeros = |width: usize| vec![0.0; self.means.len() / order * width];
        let mut told = Rows { deviations: zeros(order), information: zeros(1), of_raters: zeros(order) };
        let (rows, moments) = (Sums::STRIPE * order, Sums::STRIPE * shape.moments());
        let width = sums.width();
        let partial: Vec<(Deviations, f64)> = sums
            .into_stripes()
            .zip(self.means.par_chunks_mut(rows))
            .zip(self.moments.par_chunks_mut(moments))
            .zip(expected.par_chunks(rows))
            .zip(told.deviations.par_chunks_mut(rows))
            .zip(told.information.par_chunks_mut(Sums::STRIPE))
            .zip(told.of_raters.par_chunks_mut(rows))
            .map_init(
                || Solver::new(shape, width),
                |solver, ((((((sums, means), moments), expected), deviations), information), of_raters)| {
                    let stripe =
                        Stripe { sums, means, moments, expected, deviations, information, of_raters };
                    Arch::new().dispatch(Solving { solver, stripe, prior, noise })
                },
            )
            .collect();
        // In the order of the movies: a parallel sum would depend on the number of threads.
        let (mut deviations, mut squares) = (Deviations::new(shape), 0.0);
        for (of_stripe, of_squares) in &partial {
            deviations.merge(of_stripe);
            squares += of_squares;
        }
        Solved { deviations, squares, rows: told }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.floats(&self.means);
        state.floats(&self.moments);
    }

    /// Reads what [`save`](Self::save) wrote of so many movies.
    pub(super) fn of_state(
        shape: Shape,
        count: usize,
        state: &mut StateReader<'_>,
    ) -> Result<Self, StateError> {
        let (means, moments) = (state.all_floats()?, state.all_floats()?);
        if means.len() == count * shape.order() && moments.len() == count * shape.moments() {
            Ok(Self { shape, means, moments })
        } else {
            Err(StateError::new("it has other movies or factors".to_owned()))
        }
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.floats(&mut self.means)?;
        state.floats(&mut self.moments)
    }
}

/// One row of a matrix.
#[inline(always)]
pub(super) fn row(matrix: &[f32], index: u32, width: usize) -> &[f32] {
    &matrix[index as usize * width..(index as usize + 1) * width]
}

#[inline(always)]
fn write(mean: &[f64], covariance: &[f64], means: &mut [f32], moments: &mut [f32]) {
    for (to, &from) in means.iter_mut().zip(mean) {
        *to = from as f32;
    }
    write_moments(mean, covariance, |place, value| moments[place] = value as f32);
}

/// The rows of the movies that are solved together.
struct Stripe<'a> {
    sums: Vec<i64>,
    means: &'a mut [f32],
    moments: &'a mut [f32],
    expected: &'a [f32],
    deviations: &'a mut [f32],
    information: &'a mut [f32],
    of_raters: &'a mut [f32],
}

/// One stripe to be solved.
struct Solving<'a> {
    solver: &'a mut Solver,
    stripe: Stripe<'a>,
    prior: &'a Prior,
    noise: f64,
}

impl WithSimd for Solving<'_> {
    type Output = (Deviations, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (Deviations, f64) {
        let Self { solver, stripe, prior, noise } = self;
        solver.solve(stripe, prior, noise)
    }
}

/// Memory that is reused between stripes.
struct Solver {
    shape: Shape,
    regression: Regression,
    /// The sums of a movie: moments, deviations of its raters, products.
    sums: Vec<f64>,
    prior_mean: Vec<f64>,
}

impl Solver {
    fn new(shape: Shape, width: usize) -> Self {
        let prior_mean = vec![0.0; shape.order()];
        Self { shape, regression: Regression::new(shape), sums: vec![0.0; width], prior_mean }
    }

    /// Returns the sums of deviations and of expected squares.
    #[inline(always)]
    fn solve(&mut self, stripe: Stripe<'_>, prior: &Prior, noise: f64) -> (Deviations, f64) {
        let Self { shape, regression, sums, prior_mean } = self;
        let (order, moment_width, width) = (shape.order(), shape.moments(), sums.len());
        let (mut deviations, mut squares) = (Deviations::new(*shape), 0.0);
        for (index, fixed) in stripe.sums.chunks_exact(width).enumerate() {
            // The moment of the constant 1 is the number of ratings.
            if fixed[packed(1, 1)] == 0 {
                continue;
            }
            let own = index * order..(index + 1) * order;
            to_real(fixed, shape.features(), sums);
            let (moments, rest) = sums.split_at(moment_width);
            let (of_raters, products) = rest.split_at(order);
            let expected = &stripe.expected[own.clone()];
            for ((mean, &prior), &expected) in prior_mean.iter_mut().zip(&prior.mean).zip(expected) {
                *mean = prior + f64::from(expected);
            }
            let evidence = Evidence { moments, products };
            regression.solve(evidence, noise, prior_mean, &prior.precision);
            squares += regression.expected_squares(evidence);
            deviations.add(regression, prior_mean);

            let Regression { mean, covariance, .. } = &*regression;
            let place = index * moment_width..(index + 1) * moment_width;
            write(mean, covariance, &mut stripe.means[own.clone()], &mut stripe.moments[place]);
            let told = stripe.deviations[own.clone()].iter_mut().zip(mean.iter().zip(prior_mean.iter()));
            told.for_each(|(to, (mean, prior))| *to = (mean - prior) as f32);
            stripe.information[index] = prior.information(covariance).clamp(SMALLEST_SHARE, 1.0) as f32;
            let told = stripe.of_raters[own].iter_mut().zip(of_raters);
            told.for_each(|(to, &sum)| *to = sum as f32);
        }
        (deviations, squares)
    }
}

/// The last sums, `rated` of them, are of messages multiplied by ratings.
#[inline(always)]
fn to_real(fixed: &[i64], rated: usize, sums: &mut [f64]) {
    for (sum, &fixed) in sums.iter_mut().zip(fixed) {
        *sum = fixed as f64 / POSTERIOR;
    }
    let plain = sums.len() - rated;
    sums[plain..].iter_mut().for_each(|sum| *sum /= f64::from(STEPS));
}
