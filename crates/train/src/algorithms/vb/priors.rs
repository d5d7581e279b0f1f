//! The prior of each side, and the noise. All are estimated from the data, by the EM algorithm. Its estimates are the most
//! probable values, given the posteriors of the rows.
//!
//! The noise and the prior of the users are set to their estimates. The variances of movies and of coefficients would approach
//! their final values slowly, because a movie with few ratings has a posterior like its prior. So they [go further](further)
//! than to their estimates. This is overrelaxation with a fixed rate: Salakhutdinov, Roweis, "Adaptive Overrelaxed Bound
//! Optimization Methods" (2003).

use super::fixed::total;
use super::linear::{Inversion, multiply};
use super::regression::Regression;
use super::shape::{Shape, packed};
use crate::state::{StateError, StateReader, StateWriter};

/// The number of pseudo-rows in the prior of a side, and of pseudo-ratings in the noise. They matter if there are hardly any
/// ratings.
const PSEUDO: f64 = 20.0;
/// The variance of the pseudo-ratings, in stars squared.
pub(super) const NOISE: f64 = 0.7;

/// How much [further] variances go: 0 is to the estimate, and 1 is twice as far.
const FURTHER: f64 = 0.8;

/// The normal distribution of the rows of one side, around what their features predict.
#[derive(Debug, Clone)]
pub(super) struct Prior {
    /// order
    pub(super) mean: Vec<f64>,
    /// order x order
    pub(super) covariance: Vec<f64>,
    /// Its inverse.
    pub(super) precision: Vec<f64>,
    /// The diagonal of the covariance of the pseudo-rows.
    variances: Vec<f64>,
}

/// Sums over the rows of one side.
#[derive(Debug, Clone)]
pub(super) struct Deviations {
    /// The number of rows.
    pub(super) count: f64,
    /// `sum d`, where `d` is a row's posterior mean minus its prior mean
    pub(super) sum: Vec<f64>,
    /// `sum E[d d']`, packed
    pub(super) products: Vec<f64>,
}

impl Prior {
    /// A prior with mean zero.
    pub(super) fn new(shape: Shape, bias_variance: f64, factor_variance: f64) -> Self {
        let order = shape.order();
        let mut variances = vec![factor_variance; order];
        variances[0] = bias_variance;
        let diagonal = |of: &dyn Fn(f64) -> f64| {
            let mut matrix = vec![0.0; order * order];
            for (index, &variance) in variances.iter().enumerate() {
                matrix[index * order + index] = of(variance);
            }
            matrix
        };
        let (covariance, precision) = (diagonal(&|variance| variance), diagonal(&f64::recip));
        Self { mean: vec![0.0; order], covariance, precision, variances }
    }

    /// Moves the mean, and estimates the covariance around it.
    pub(super) fn update(&mut self, deviations: &Deviations, step: &[f64]) {
        let order = self.mean.len();
        let Deviations { count, sum, products } = deviations;
        for row in 0..order {
            for column in 0..=row {
                // About the new mean, not the old one.
                let shift =
                    count * step[row] * step[column] - sum[row] * step[column] - sum[column] * step[row];
                let pseudo = if row == column { PSEUDO * self.variances[row] } else { 0.0 };
                let covariance = (products[packed(row, column)] + shift + pseudo) / (count + PSEUDO);
                self.covariance[row * order + column] = covariance;
                self.covariance[column * order + row] = covariance;
            }
        }
        for (mean, &step) in self.mean.iter_mut().zip(step) {
            *mean += step;
        }
        Inversion::new(order).invert(&self.covariance, &mut self.precision);
    }

    /// Goes [further] with the covariance, which was estimated when its inverse was this `precision`.
    pub(super) fn go_further(&mut self, precision: &[f64]) {
        let order = self.mean.len();
        let (mut half, mut row) = (vec![0.0; order], vec![0.0; order]);
        let estimate = self.covariance.clone();
        for (entries, to) in estimate.chunks_exact(order).zip(self.covariance.chunks_exact_mut(order)) {
            multiply(precision, entries, &mut half);
            multiply(&estimate, &half, &mut row);
            for (entry, twice) in to.iter_mut().zip(&row) {
                *entry += FURTHER * (twice - *entry);
            }
        }
        Inversion::new(order).invert(&self.covariance, &mut self.precision);
    }

    /// How much the ratings say about a row whose posterior has this covariance, as the number of entries that they
    /// determine: `tr(1 - precision covariance)`.
    #[inline(always)]
    pub(super) fn information(&self, covariance: &[f64]) -> f64 {
        let mut kept = 0.0;
        for (&precision, &covariance) in self.precision.iter().zip(covariance) {
            kept += precision * covariance;
        }
        self.mean.len() as f64 - kept
    }

    /// `a' precision b`
    pub(super) fn product(&self, a: &[f32], b: &[f32]) -> f64 {
        let mut sum = 0.0;
        for (row, &a) in self.precision.chunks_exact(b.len()).zip(a) {
            for (&precision, &b) in row.iter().zip(b) {
                sum += f64::from(a) * precision * f64::from(b);
            }
        }
        sum
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.reals(&self.mean);
        state.reals(&self.covariance);
        state.reals(&self.precision);
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.reals(&mut self.mean)?;
        state.reals(&mut self.covariance)?;
        state.reals(&mut self.precision)
    }
}

impl Deviations {
    pub(super) fn new(shape: Shape) -> Self {
        Self { count: 0.0, sum: vec![0.0; shape.order()], products: vec![0.0; shape.covariance()] }
    }

    /// The sums over the users, which are the first totals of a pass.
    pub(super) fn of_totals(totals: &[i64], shape: Shape, count: usize) -> Self {
        let real: Vec<f64> = totals.iter().map(|&sum| total(sum)).collect();
        let (products, rest) = real.split_at(shape.covariance());
        Self { count: count as f64, sum: rest[..shape.order()].to_vec(), products: products.to_vec() }
    }

    /// Adds a row with this posterior and prior mean.
    #[inline(always)]
    pub(super) fn add(&mut self, posterior: &Regression, prior_mean: &[f64]) {
        let Regression { mean, covariance, .. } = posterior;
        let order = mean.len();
        self.count += 1.0;
        for row in 0..order {
            let own = mean[row] - prior_mean[row];
            self.sum[row] += own;
            for column in 0..=row {
                let other = mean[column] - prior_mean[column];
                self.products[packed(row, column)] += own * other + covariance[row * order + column];
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (sum, other) in self.sum.iter_mut().zip(&other.sum) {
            *sum += other;
        }
        for (sum, other) in self.products.iter_mut().zip(&other.products) {
            *sum += other;
        }
    }

    /// `sum d / count`
    pub(super) fn mean(&self) -> Vec<f64> {
        self.sum.iter().map(|sum| sum / self.count).collect()
    }
}

/// The variance of `count` numbers with this sum of squares, and of as many pseudo-numbers as a prior has pseudo-rows,
/// whose variance is `usual`.
pub(super) fn mean_square(squares: f64, count: f64, usual: f64) -> f64 {
    (squares + PSEUDO * usual) / (count + PSEUDO)
}

/// A variance that was `before` and goes further than to its estimate. If both are positive, so is the result.
///
/// Twice as far is to the variance that is to the estimate as the estimate is to `before`. For a covariance `C` with the
/// estimate `E`, that is `E C^-1 E`.
pub(super) fn further(estimate: f64, before: f64) -> f64 {
    let twice = estimate * estimate / before;
    estimate + FURTHER * (twice - estimate)
}

/// The variance of the noise, given the expected sum of squared errors.
pub(super) fn noise(squares: f64, count: usize) -> f64 {
    mean_square(squares, count as f64, NOISE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_go_further_than_their_estimates_and_stay_positive() {
        // Up and down, and not at all.
        for (before, estimate, expected) in [(1.0, 1.5, 1.5 + 0.8 * 0.75), (4.0, 1.0, 0.4), (2.0, 2.0, 2.0)] {
            assert!((further(estimate, before) - expected).abs() < 1e-12, "{before} {estimate}");
        }
        assert!(further(1e-9, 1.0) > 0.0);
    }

    #[test]
    fn covariances_go_further_too() {
        let mut prior = Prior::new(Shape { factors: 1 }, 1.0, 1.0);
        // The covariance was (1, 0; 0, 2). Twice as far is (2.375, 1; 1, 0.75).
        prior.covariance = vec![1.5, 0.5, 0.5, 1.0];
        prior.go_further(&[1.0, 0.0, 0.0, 0.5]);
        let expected = [2.2, 0.9, 0.9, 0.8];
        let determinant = 2.2 * 0.8 - 0.9 * 0.9;
        let inverse = [0.8, -0.9, -0.9, 2.2].map(|entry| entry / determinant);
        for (found, expected) in [(&prior.covariance, expected), (&prior.precision, inverse)] {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        }
    }
}
