//! What a user sends to the movies, and in which units.
//!
//! A message has the second moment of the user's row, its deviation from the prior mean times `n^-1/2`, and the sums over the
//! user's movies of both halves of the direction of the [sets](super::sets), the first divided by `n`, the second split into
//! two numbers. The rated message is the mean.

use std::borrow::Cow;

use super::facts::STEPS;
use super::fixed::{FRACTION, joined, message, split};
use super::priors::Prior;
use super::regression::Regression;
use super::shape::{Shape, packed, write_moments};

/// Units to 1, for an unknown with the scale 1.
const MOMENT: f64 = (1_u64 << 8) as f64;
const DEVIATION: f64 = (1_u64 << 12) as f64;
const MEAN: f64 = (1_u64 << 10) as f64;
/// A row that is further from zero, in scales, is sent as if it was as far. So its second moment, which has at most 2^15 units,
/// is one of a possible row.
const FURTHEST: f64 = 11.0;
/// If the noise is smaller, in square stars, the rounding of second moments is not small beside it. So each is split into two
/// numbers, and rows may also be further from zero.
const FINE_BELOW: f64 = 0.05;
/// What a second moment is multiplied by before it is split.
const FINE_MOMENT: f64 = 1.0 / (1_u64 << 14) as f64;
const FINE_MEAN: f64 = (1_u64 << 8) as f64;
const FINE_FURTHEST: f64 = 120.0;
/// The smallest scale of a bias, in stars. Few users may be unlike all others, but their biases are no larger than ratings.
const SMALLEST_BIAS: f64 = 0.5;
/// Units to 1, of numbers between -1 and 1.
const SHARE: f64 = (1_u64 << 14) as f64;

/// The units of what users send, as the number of units to 1.
pub(super) struct Units {
    pub(super) shape: Shape,
    is_fine: bool,
    /// The scale of each unknown.
    scales: Vec<f64>,
    /// If they are fine, what moments are multiplied by before they are split.
    moments: Vec<f64>,
    deviations: Vec<f64>,
    /// Those of the rated message.
    means: Vec<f64>,
}

/// What a user sends.
pub(super) struct Content<'a> {
    pub(super) posterior: &'a Regression,
    pub(super) prior_mean: &'a [f64],
    /// Sums over the user's movies of both halves of the direction.
    pub(super) direction: [&'a [f64]; 2],
    pub(super) rating_count: usize,
}

impl Units {
    /// For users with this prior, whose unknowns have the scale of the prior, and ratings with this noise.
    pub(super) fn of(prior: &Prior, noise: f64) -> Self {
        let is_fine = noise < FINE_BELOW;
        let (moment, mean) = if is_fine { (FINE_MOMENT, FINE_MEAN) } else { (MOMENT, MEAN) };
        let order = prior.mean.len();
        let shape = Shape { factors: order - 1 };
        let square = |row: usize| prior.mean[row] * prior.mean[row] + prior.covariance[row * order + row];
        let mut scales: Vec<f64> = (0..order).map(|row| near_root(square(row))).collect();
        scales[0] = scales[0].max(SMALLEST_BIAS);
        let deviations = scales.iter().map(|scale| DEVIATION / scale).collect();
        // A rating times the constant 1 is the rating in steps, exactly.
        let mut means: Vec<f64> = scales.iter().map(|scale| mean / scale).collect();
        means.insert(1, f64::from(STEPS));
        let mut of_features = scales.clone();
        of_features.insert(1, 1.0);
        let mut moments = vec![moment; shape.moments()];
        for row in 0..shape.features() {
            for column in 0..=row {
                moments[packed(row, column)] /= of_features[row] * of_features[column];
            }
        }
        if !is_fine {
            // The moments with the constant 1 are the mean.
            moments[packed(1, 0)] = means[0];
            (2..shape.features()).for_each(|row| moments[packed(row, 1)] = means[row]);
        }
        Self { shape, is_fine, scales, moments, deviations, means }
    }

    /// The length of the message that is the same for all movies.
    pub(super) fn plain(&self) -> usize {
        self.shape.moments() + 4 * self.shape.order() + self.lower_moments()
    }

    /// The length of the second numbers of the moments.
    fn lower_moments(&self) -> usize {
        if self.is_fine { self.moments.len() } else { 0 }
    }

    /// Writes the message, and the one that is multiplied by the rating.
    #[inline(always)]
    pub(super) fn write(&self, content: &Content<'_>, to: &mut [i16]) {
        let Content { posterior: Regression { mean, covariance, .. }, prior_mean, direction, .. } = *content;
        let order = mean.len();
        let share = (content.rating_count as f64).recip();
        let root = share.sqrt();
        let reached = self.within_reach(mean);
        let (moments, rest) = to.split_at_mut(self.moments.len());
        let (deviations, rest) = rest.split_at_mut(order);
        for (row, to) in deviations.iter_mut().enumerate() {
            *to = message(root * (mean[row] - prior_mean[row]), self.deviations[row]);
        }
        let (to_rated, rest) = rest.split_at_mut(order);
        for (to, &sum) in to_rated.iter_mut().zip(direction[0]) {
            *to = message(sum * share, SHARE);
        }
        let (upper, rest) = rest.split_at_mut(order);
        let (lower, means) = rest.split_at_mut(order);
        for ((upper, lower), &sum) in upper.iter_mut().zip(lower).zip(direction[1]) {
            [*upper, *lower] = split(sum);
        }
        let (lower_moments, means) = means.split_at_mut(self.lower_moments());
        if self.is_fine {
            write_moments(&reached, covariance, |place, value| {
                [moments[place], lower_moments[place]] = split(value * self.moments[place]);
            });
        } else {
            write_moments(&reached, covariance, |place, value| {
                moments[place] = message(value, self.moments[place]);
            });
        }
        means[0] = message(reached[0], self.means[0]);
        means[1] = message(1.0, self.means[1]);
        for ((to, &factor), &units) in means[2..].iter_mut().zip(&reached[1..]).zip(&self.means[2..]) {
            *to = message(factor, units);
        }
    }

    /// The mean, or one in the same direction that is not too far from zero.
    #[inline(always)]
    fn within_reach<'a>(&self, mean: &'a [f64]) -> Cow<'a, [f64]> {
        let distances = mean.iter().zip(&self.scales).map(|(entry, scale)| entry.abs() / scale);
        let distance = distances.fold(0.0, f64::max);
        let furthest = if self.is_fine { FINE_FURTHEST } else { FURTHEST };
        if distance <= furthest {
            return Cow::Borrowed(mean);
        }
        mean.iter().map(|entry| entry * (furthest / distance)).collect()
    }

    /// Writes what the sums of messages are: moments, deviations, both halves of the direction, and means times ratings.
    #[inline(always)]
    pub(super) fn read(&self, sums: &[f64], to: &mut [f64]) {
        let order = self.shape.order();
        let (moments, rest) = sums.split_at(self.moments.len());
        let (deviations, rest) = rest.split_at(order);
        let (to_rated, rest) = rest.split_at(order);
        let (upper, rest) = rest.split_at(order);
        let (lower, rest) = rest.split_at(order);
        let (lower_moments, products) = rest.split_at(self.lower_moments());

        let (to_moments, rest) = to.split_at_mut(moments.len());
        divide(moments, &self.moments, to_moments);
        let fine = to_moments.iter_mut().zip(moments).zip(lower_moments).zip(&self.moments);
        for (((to, &upper), &lower), units) in fine {
            *to = joined([upper, lower]) / units;
        }
        let (to_deviations, rest) = rest.split_at_mut(order);
        divide(deviations, &self.deviations, to_deviations);
        let (first, rest) = rest.split_at_mut(order);
        first.iter_mut().zip(to_rated).for_each(|(to, sum)| *to = sum / SHARE);
        let (second, to_products) = rest.split_at_mut(order);
        for ((to, &upper), &lower) in second.iter_mut().zip(upper).zip(lower) {
            *to = joined([upper, lower]);
        }
        divide(products, &self.means, to_products);
    }

    /// Enlarges sums of second moments by more than they can have lost by rounding, so that they are again those of a possible
    /// distribution. With an error of half a unit in each entry, a matrix has no eigenvalue below minus half its order.
    pub(super) fn enlarge(&self, moments: &mut [f64]) {
        let features = self.shape.features();
        let count = moments[packed(1, 1)];
        let units_to_one = if self.is_fine { FRACTION } else { 1.0 };
        for row in 2..features {
            let place = packed(row, row);
            moments[place] += count * features as f64 / (units_to_one * self.moments[place]);
        }
    }
}

#[inline(always)]
fn divide(sums: &[f64], units: &[f64], to: &mut [f64]) {
    for ((to, sum), units) in to.iter_mut().zip(sums).zip(units) {
        *to = sum / units;
    }
}

/// A power of two that is the root of the number, up to a factor of the root of two.
fn near_root(number: f64) -> f64 {
    const BIAS: u64 = 1023;
    const DIGITS: u32 = f64::MANTISSA_DIGITS - 1;
    // Half the exponent, from the bits: it is the same on every machine, which logarithms are not.
    let exponent = number.abs().to_bits() >> DIGITS;
    f64::from_bits((exponent + BIAS).div_ceil(2) << DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_near_and_powers_of_two() {
        let roots =
            [(1.0, 1.0), (1.99, 1.0), (0.5, 1.0), (0.49, 0.5), (2.0, 2.0), (8.0, 4.0), (0.0009, 0.03125)];
        for (number, root) in roots {
            assert_eq!(near_root(number), root, "{number}");
        }
    }

    /// A posterior with these means, and with the covariance 0.01 of each pair of unknowns.
    fn posterior(mean: [f64; 2]) -> Regression {
        let mut posterior = Regression::new(Shape { factors: 1 });
        posterior.mean.copy_from_slice(&mean);
        posterior.covariance.fill(0.01);
        posterior
    }

    /// What is read of one message of a user with four ratings, for each unit of the rating.
    fn read(units: &Units, posterior: &Regression, direction: [&[f64]; 2]) -> Vec<f64> {
        let mut message = vec![0; units.plain() + units.shape.features()];
        let content = Content { posterior, prior_mean: &[0.0; 2], direction, rating_count: 4 };
        units.write(&content, &mut message);
        let sums: Vec<f64> = message.into_iter().map(f64::from).collect();
        let mut read = vec![0.0; sums.len() - units.shape.order() - units.lower_moments()];
        units.read(&sums, &mut read);
        read
    }

    #[test]
    fn what_is_read_is_what_was_written_up_to_half_a_unit() {
        // The scales are a star and 32.
        let mut prior = Prior::new(Shape { factors: 1 }, 1.0, 1000.0);
        prior.mean[0] = 0.1;
        let units = Units::of(&prior, 0.5);
        let found = read(&units, &posterior([0.3, -50.0]), [&[0.8, -0.4], &[0.123_456_789, -1.0]]);
        let (moments, rest) = found.split_at(units.shape.moments());
        let expected = [0.1, 0.3, 1.0, -14.99, -50.0, 2500.01];
        let unit = |row: usize| [1.0, 1.0, 32.0][row];
        for row in 0..3 {
            for column in 0..=row {
                let (found, expected) = (moments[packed(row, column)], expected[packed(row, column)]);
                let most = unit(row) * unit(column) / MOMENT / 2.0;
                assert!((found - expected).abs() <= most, "{row} {column} {found} {expected}");
            }
        }
        let expected = [0.15, -25.0, 0.2, -0.1, 0.123_456_789, -1.0, 0.3, 1.0, -50.0];
        let tolerances = [2e-4, 4e-3, 4e-5, 4e-5, 1e-9, 1e-9, 5e-4, 1e-9, 2e-2];
        assert_eq!(rest.len(), expected.len());
        for ((found, expected), tolerance) in rest.iter().zip(expected).zip(tolerances) {
            assert!((found - expected).abs() <= tolerance, "{found} {expected}");
        }
    }

    #[test]
    fn rows_far_from_zero_are_sent_as_nearer_rows() {
        let units = Units::of(&Prior::new(Shape { factors: 1 }, 1.0, 1.0), 0.5);
        for far in [1000.0, -1000.0] {
            let found = read(&units, &posterior([0.5 * far, far]), [&[0.0; 2]; 2]);
            let sent = f64::copysign(FURTHEST, far);
            assert!((found[packed(2, 2)] - sent * sent).abs() < 0.02, "{found:?}");
            assert!((found[packed(2, 0)] - 0.5 * sent * sent).abs() < 0.02, "{found:?}");
            assert_eq!([found[packed(2, 1)], found[packed(1, 0)]], [sent, 0.5 * sent]);
            assert_eq!(found.last(), Some(&sent));
        }
    }

    #[test]
    fn sums_are_those_of_what_was_sent() {
        let units = Units::of(&Prior::new(Shape { factors: 1 }, 1.0, 1.0), 0.5);
        let of_one = read(&units, &posterior([0.5, -1.5]), [&[0.1, 0.2], &[0.3, -0.4]]);
        let mut message = vec![0; of_one.len() + units.shape.order()];
        let content = Content {
            posterior: &posterior([0.5, -1.5]),
            prior_mean: &[0.0; 2],
            direction: [&[0.1, 0.2], &[0.3, -0.4]],
            rating_count: 4,
        };
        units.write(&content, &mut message);
        let sums: Vec<f64> = message.iter().map(|&number| 1000.0 * f64::from(number)).collect();
        let mut found = vec![0.0; of_one.len()];
        units.read(&sums, &mut found);
        for (found, one) in found.iter().zip(of_one) {
            assert!((found - 1000.0 * one).abs() < 1e-9, "{found} {one}");
        }
    }

    #[test]
    fn with_little_noise_moments_are_finer_and_rows_may_be_further() {
        let units = Units::of(&Prior::new(Shape { factors: 1 }, 0.01, 1.0), 0.01);
        let found = read(&units, &posterior([0.001, -30.0]), [&[0.1, 0.2], &[0.3, -0.4]]);
        let expected = [0.010_001, 0.001, 1.0, -0.02, -30.0, 900.01];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        let mut moments = found.clone();
        units.enlarge(&mut moments);
        assert!(moments[packed(2, 2)] > found[packed(2, 2)] && moments[packed(2, 2)] < 900.02);
    }
}
