//! One row as a Bayesian linear regression on the rows that it has ratings with.
//!
//! Lim, Teh, "Variational Bayesian Approach to Movie Rating Prediction" (2007), equations 12 to 15, with biases. A rating
//! `r` is `bias + <w, x> + noise`, where `bias` and `x = (1, factors)` are the other side's, and `w` has a normal prior.
//! The other side is known up to a covariance, so products of its entries are replaced by their expectations:
//!
//! ```text
//! covariance = (precision + sum E[x x'] / noise)^-1
//! mean = prior mean + covariance (sum r E[x] - sum E[bias x] - sum E[x x'] prior mean) / noise
//! ```

use super::linear::{Inversion, multiply};
use super::shape::{Shape, packed};

/// A normal distribution of `w`.
#[derive(Debug, Clone)]
pub(super) struct Regression {
    shape: Shape,
    /// order
    pub(super) mean: Vec<f64>,
    /// order x order, row-major
    pub(super) covariance: Vec<f64>,
    precision: Vec<f64>,
    right: Vec<f64>,
    inversion: Inversion,
}

/// What the ratings of a row say about it: sums over the rows of the other side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// `sum E[f f']`, packed
    pub(super) moments: &'a [f64],
    /// `sum r E[f]`
    pub(super) products: &'a [f64],
}

impl Regression {
    pub(super) fn new(shape: Shape) -> Self {
        let order = shape.order();
        Self {
            shape,
            mean: vec![0.0; order],
            covariance: vec![0.0; order * order],
            precision: vec![0.0; order * order],
            right: vec![0.0; order],
            inversion: Inversion::new(order),
        }
    }

    /// Computes the posterior, given the variance of the noise, and the mean and precision of the prior.
    #[inline(always)]
    pub(super) fn solve(
        &mut self,
        evidence: Evidence<'_>,
        noise: f64,
        prior_mean: &[f64],
        prior_precision: &[f64],
    ) {
        let order = self.shape.order();
        let each = noise.recip();
        let Self { mean, covariance, precision, right, inversion, .. } = self;
        let Evidence { moments, products } = evidence;
        for row in 0..order {
            let start = packed(row + 1, 1);
            let sums = &moments[start..=start + row];
            // The upper triangle is what is read: by symmetry, row by row into columns.
            for (column, &sum) in sums.iter().enumerate() {
                precision[column * order + row] = sum;
                precision[row * order + column] = sum;
            }
            right[row] = products[row + 1] - moments[packed(row + 1, 0)];
        }
        multiply(precision, prior_mean, mean);
        for (right, &expected) in right.iter_mut().zip(mean.iter()) {
            *right = (*right - expected) * each;
        }
        for (entry, &prior) in precision.iter_mut().zip(prior_precision) {
            *entry = prior + *entry * each;
        }
        inversion.invert(precision, covariance);
        multiply(covariance, right, mean);
        for (mean, &prior) in mean.iter_mut().zip(prior_mean) {
            *mean += prior;
        }
    }

    /// Whether an unknown has a larger variance than before, or one that is not a number. Ratings cannot do that.
    #[inline(always)]
    pub(super) fn is_wider_than(&self, covariance: &[f64]) -> bool {
        let diagonal = (0..self.shape.order()).map(|row| row * (self.shape.order() + 1));
        diagonal.fold(false, |is_wider, place| {
            let most = covariance[place] * (1.0 + 1e-6);
            is_wider | !(0.0..=most).contains(&self.covariance[place])
        })
    }

    /// `sum E[(r - score)^2] - sum r^2`, for the ratings of the evidence.
    #[inline(always)]
    pub(super) fn expected_squares(&self, evidence: Evidence<'_>) -> f64 {
        let Self { mean, covariance, .. } = self;
        let order = self.shape.order();
        let Evidence { moments, products } = evidence;
        let mut sum = moments[0] - 2.0 * products[0];
        for row in 0..order {
            sum -= 2.0 * mean[row] * (products[row + 1] - moments[packed(row + 1, 0)]);
            for column in 0..order {
                let moment = moments[packed(row.max(column) + 1, row.min(column) + 1)];
                sum += moment * (mean[row] * mean[column] + covariance[row * order + column]);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::vb::shape::write_moments;

    /// The evidence of one rating of a row with this mean and covariance.
    fn of_one(rating: f64, mean: &[f64], covariance: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let shape = Shape { factors: mean.len() - 1 };
        let mut moments = vec![0.0; shape.moments()];
        write_moments(mean, covariance, |place, value| moments[place] = value);
        let features = [mean[0], 1.0].into_iter().chain(mean[1..].iter().copied());
        (moments, features.map(|feature| rating * feature).collect())
    }

    #[test]
    fn the_posterior_of_one_rating_has_its_closed_form() {
        // One factor. The other side: bias 0.5, factor 2, both uncertain.
        let (moments, products) = of_one(1.5, &[0.5, 2.0], &[0.2, 0.1, 0.1, 0.3]);
        let mut regression = Regression::new(Shape { factors: 1 });
        let evidence = Evidence { moments: &moments, products: &products };
        regression.solve(evidence, 0.8, &[0.25, -0.5], &[4.0, 0.0, 0.0, 1.0]);

        // Precision: (4, 0; 0, 1) + (1, 2; 2, 2^2 + 0.3) / 0.8.
        let [a, b, c] = [4.0 + 1.0 / 0.8, 2.0 / 0.8, 1.0 + 4.3 / 0.8];
        let determinant = a * c - b * b;
        let expected = [c / determinant, -b / determinant, -b / determinant, a / determinant];
        // Right side: prior precision times prior mean, plus (r - E[bias], r E[x] - E[bias x]) / 0.8.
        let right = [4.0 * 0.25 + (1.5 - 0.5) / 0.8, -0.5 + (1.5 * 2.0 - (0.5 * 2.0 + 0.1)) / 0.8];
        let mean = [
            expected[0] * right[0] + expected[1] * right[1],
            expected[2] * right[0] + expected[3] * right[1],
        ];
        for (found, expected) in regression.covariance.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        for (found, expected) in regression.mean.iter().zip(mean) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn without_ratings_the_posterior_is_the_prior() {
        let shape = Shape { factors: 1 };
        let mut regression = Regression::new(shape);
        let (moments, products) = (vec![0.0; shape.moments()], vec![0.0; shape.features()]);
        let evidence = Evidence { moments: &moments, products: &products };
        regression.solve(evidence, 0.8, &[0.25, -0.5], &[4.0, 0.0, 0.0, 2.0]);
        assert_eq!(regression.mean, [0.25, -0.5]);
        for (found, expected) in regression.covariance.iter().zip([0.25, 0.0, 0.0, 0.5]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn expected_squares_are_those_of_independent_rows() {
        let (own, other) = ([0.5, 2.0], [0.25, -1.0]);
        let (own_covariance, other_covariance) = ([0.2, 0.1, 0.1, 0.3], [0.4, 0.05, 0.05, 0.6]);
        let (moments, products) = of_one(1.5, &other, &other_covariance);
        let mut regression = Regression::new(Shape { factors: 1 });
        regression.mean.copy_from_slice(&own);
        regression.covariance.copy_from_slice(&own_covariance);
        let found = regression.expected_squares(Evidence { moments: &moments, products: &products });
        // The variance of b + c + p q for independent (b, p) and (c, q).
        let error: f64 = 1.5 - (0.5 + 0.25 + own[1] * other[1]);
        let variance =
            0.2 + 0.4 + (0.3 * 1.0 + 0.6 * 4.0 + 0.3 * 0.6) + 2.0 * (0.1 * other[1]) + 2.0 * (0.05 * 2.0);
        assert!((found - (error * error + variance - 1.5 * 1.5)).abs() < 1e-12, "{found}");
    }
}
