//! Movies: each is solved from the sums over its raters.

use pulp::{Arch, Simd, WithSimd};
use rand::RngExt;
use rayon::prelude::*;

use super::priors::{Deviations, Prior};
use super::regression::{Evidence, Regression};
use super::shape::{Shape, packed};
use super::sums::Sums;
use super::units::Units;
use crate::seeds;
use crate::state::{StateError, StateReader, StateWriter};

/// The variance of the factors at the start.
const INITIAL_VARIANCE: f64 = 0.2;
/// The smallest share of the ratings in a posterior, which is divided by.
const SMALLEST_SHARE: f64 = 0.02;

/// The posteriors of all movies. Covariances have 8 bits for each entry, as in the [records](super::records) that passes read.
/// They are small beside the products of means, to which users add them.
pub(super) struct Movies {
    shape: Shape,
    /// movies x order
    means: Vec<f32>,
    /// Packed covariances, in units of their movie: movies x covariance
    covariances: Vec<i8>,
    /// The unit of each movie's covariance.
    units: Vec<f32>,
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
    /// What the users sent about the direction of the [sets](super::sets): movies x two halves.
    pub(super) for_sets: Vec<f32>,
}

impl Movies {
    /// Movies with biases of 0, and with factors drawn from a uniform distribution.
    pub(super) fn new(shape: Shape, count: usize, seed: u64) -> Self {
        let mut random = seeds::generator(seed, "vb");
        let bound: f64 = (3.0 * INITIAL_VARIANCE).sqrt();
        let mut means = vec![0.0; count * shape.order()];
        for mean in means.chunks_exact_mut(shape.order()) {
            mean[1..].fill_with(|| random.random_range(-bound..bound) as f32);
        }
        let (covariances, units) = (vec![0; count * shape.covariance()], vec![0.0; count]);
        Self { shape, means, covariances, units }
    }

    /// The posterior mean of a movie.
    #[inline(always)]
    pub(super) fn mean(&self, movie: u32) -> &[f32] {
        row(&self.means, movie, self.shape.order())
    }

    /// The packed posterior covariance of a movie, in its unit.
    #[inline(always)]
    pub(super) fn covariance(&self, movie: u32) -> &[i8] {
        row(&self.covariances, movie, self.shape.covariance())
    }

    /// The unit of the covariance of a movie.
    pub(super) fn unit(&self, movie: u32) -> f32 {
        self.units[movie as usize]
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Solves every movie with ratings. `expected` is how far the prior mean of each movie is from that of all movies:
    /// movies x order. `units` are those of the sums.
    pub(super) fn solve(
        &mut self,
        sums: &Sums,
        units: &Units,
        expected: &[f32],
        prior: &Prior,
        noise: f64,
    ) -> Solved {
        let (shape, order) = (self.shape, self.shape.order());
        let zeros = |width: usize| vec![0.0; self.means.len() / order * width];
        let mut told = Rows {
            deviations: zeros(order),
            information: zeros(1),
            of_raters: zeros(order),
            for_sets: zeros(2 * order),
        };
        let (rows, covariances) = (Sums::STRIPE * order, Sums::STRIPE * shape.covariance());
        let width = sums.width();
        let posteriors = self
            .means
            .par_chunks_mut(rows)
            .zip(self.covariances.par_chunks_mut(covariances))
            .zip(self.units.par_chunks_mut(Sums::STRIPE));
        let to_tell = told
            .deviations
            .par_chunks_mut(rows)
            .zip(told.information.par_chunks_mut(Sums::STRIPE))
            .zip(told.of_raters.par_chunks_mut(rows))
            .zip(told.for_sets.par_chunks_mut(2 * rows));
        let stripes = expected.par_chunks(rows).zip(posteriors).zip(to_tell).enumerate().map(
            |(stripe, ((expected, ((means, covariances), units)), told))| {
                let (((deviations, information), of_raters), for_sets) = told;
                let told = Told { deviations, information, of_raters, for_sets };
                Stripe { first: stripe * Sums::STRIPE, expected, means, covariances, units, told }
            },
        );
        let partial: Vec<(Deviations, f64)> = stripes
            .map_init(
                || Solver::new(shape, width),
                |solver, stripe| Arch::new().dispatch(Solving { solver, sums, stripe, units, prior, noise }),
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
        state.floats(&self.units);
        state.tiny_numbers(self.covariances.iter().copied());
    }

    /// Reads what [`save`](Self::save) wrote of so many movies.
    pub(super) fn of_state(
        shape: Shape,
        count: usize,
        state: &mut StateReader<'_>,
    ) -> Result<Self, StateError> {
        let (means, units, covariances) = (state.all_floats()?, state.all_floats()?, state.tiny_numbers()?);
        let fits = |length: usize, width| Some(length) == count.checked_mul(width);
        if fits(means.len(), shape.order())
            && fits(units.len(), 1)
            && fits(covariances.len(), shape.covariance())
        {
            Ok(Self { shape, means, covariances, units })
        } else {
            Err(StateError::new("it has other movies or factors".to_owned()))
        }
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        *self = Self::of_state(self.shape, self.units.len(), state)?;
        Ok(())
    }
}

/// One row of a matrix.
#[inline(always)]
pub(super) fn row<T>(matrix: &[T], index: u32, width: usize) -> &[T] {
    &matrix[index as usize * width..(index as usize + 1) * width]
}

#[inline(always)]
fn write(to: &mut [f32], numbers: impl Iterator<Item = f32>) {
    to.iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
}

/// Writes the lower triangle of a symmetric matrix, packed, in units. Returns the unit.
#[inline(always)]
fn write_in_units(matrix: &[f64], order: usize, packed: &mut [i8]) -> f32 {
    let largest = matrix.iter().fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
    let unit = (largest / f64::from(i8::MAX)) as f32;
    let scale = if unit > 0.0 { f64::from(unit).recip() } else { 0.0 };
    let triangle = matrix.chunks_exact(order).enumerate().flat_map(|(row, entries)| &entries[..=row]);
    for (to, entry) in packed.iter_mut().zip(triangle) {
        *to = (entry * scale).round() as i8;
    }
    unit
}

/// The rows of the movies that are solved together.
struct Stripe<'a> {
    /// The first movie.
    first: usize,
    expected: &'a [f32],
    means: &'a mut [f32],
    covariances: &'a mut [i8],
    units: &'a mut [f32],
    told: Told<'a>,
}

/// Their part of [`Rows`].
struct Told<'a> {
    deviations: &'a mut [f32],
    information: &'a mut [f32],
    of_raters: &'a mut [f32],
    for_sets: &'a mut [f32],
}

/// One stripe to be solved.
struct Solving<'a> {
    solver: &'a mut Solver,
    sums: &'a Sums,
    stripe: Stripe<'a>,
    units: &'a Units,
    prior: &'a Prior,
    noise: f64,
}

impl WithSimd for Solving<'_> {
    type Output = (Deviations, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (Deviations, f64) {
        let Self { solver, sums, stripe, units, prior, noise } = self;
        solver.solve(sums, stripe, units, prior, noise)
    }
}

/// Memory that is reused between stripes.
struct Solver {
    shape: Shape,
    regression: Regression,
    /// The sums of a movie, in units of messages.
    in_units: Vec<f64>,
    /// The same as real numbers: moments, deviations of its raters, products for the sets, products.
    real: Vec<f64>,
    prior_mean: Vec<f64>,
}

impl Solver {
    fn new(shape: Shape, width: usize) -> Self {
        let prior_mean = vec![0.0; shape.order()];
        Self {
            shape,
            regression: Regression::new(shape),
            in_units: vec![0.0; width],
            real: vec![0.0; width],
            prior_mean,
        }
    }

    /// Returns the sums of deviations and of expected squares.
    #[inline(always)]
    fn solve(
        &mut self,
        sums: &Sums,
        stripe: Stripe<'_>,
        units: &Units,
        prior: &Prior,
        noise: f64,
    ) -> (Deviations, f64) {
        let Self { shape, regression, in_units, real, prior_mean } = self;
        let (order, moment_width) = (shape.order(), shape.moments());
        let (mut deviations, mut squares) = (Deviations::new(*shape), 0.0);
        for index in 0..stripe.units.len() {
            sums.write(stripe.first + index, in_units);
            // The moment of the constant 1 is the number of ratings.
            if in_units[packed(1, 1)] == 0.0 {
                continue;
            }
            let own = index * order..(index + 1) * order;
            units.read(in_units, real);
            let (moments, rest) = real.split_at_mut(moment_width);
            let (of_raters, rest) = rest.split_at(order);
            let (for_sets, rest) = rest.split_at(2 * order);
            let products = &rest[..shape.features()];
            let expected = &stripe.expected[own.clone()];
            for ((mean, &prior), &expected) in prior_mean.iter_mut().zip(&prior.mean).zip(expected) {
                *mean = prior + f64::from(expected);
            }
            regression.solve(Evidence { moments, products }, noise, prior_mean, &prior.precision);
            // Moments are rounded. If there is hardly any noise, what is left of a small moment may be negative.
            if regression.is_wider_than(&prior.covariance) {
                units.enlarge(moments);
                regression.solve(Evidence { moments, products }, noise, prior_mean, &prior.precision);
            }
            let evidence = Evidence { moments, products };
            squares += regression.expected_squares(evidence);
            deviations.add(regression, prior_mean);

            let Regression { mean, covariance, .. } = &*regression;
            write(&mut stripe.means[own.clone()], mean.iter().map(|&entry| entry as f32));
            let place = index * shape.covariance()..(index + 1) * shape.covariance();
            stripe.units[index] = write_in_units(covariance, order, &mut stripe.covariances[place]);
            stripe.told.information[index] = prior.information(covariance).clamp(SMALLEST_SHARE, 1.0) as f32;
            let differences = mean.iter().zip(prior_mean.iter()).map(|(mean, prior)| (mean - prior) as f32);
            write(&mut stripe.told.deviations[own.clone()], differences);
            write(&mut stripe.told.of_raters[own], of_raters.iter().map(|&sum| sum as f32));
            let to_sets = &mut stripe.told.for_sets[2 * index * order..2 * (index + 1) * order];
            write(to_sets, for_sets.iter().map(|&sum| sum as f32));
        }
        (deviations, squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covariances_in_units_are_near_the_covariances() {
        let matrix = [0.5, -0.2, 0.03, -0.2, 0.4, 0.0, 0.03, 0.0, 0.1];
        let mut packed = [0; 6];
        let unit = write_in_units(&matrix, 3, &mut packed);
        assert!((unit - 0.5 / 127.0).abs() < 1e-6);
        for (found, expected) in packed.iter().zip([0.5, -0.2, 0.4, 0.03, 0.0, 0.1]) {
            assert!((f32::from(*found) * unit - expected).abs() <= unit / 2.0, "{found} {expected}");
        }
        assert_eq!(write_in_units(&[0.0], 1, &mut packed), 0.0);
        assert_eq!(packed[0], 0);
    }
}
