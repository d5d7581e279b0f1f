//! What a user sends to the movies, and in which units.
//!
//! A message has the second moment of the user's row, its deviation from the prior mean times `n^-1/2`, and the sums over the
//! user's movies of both halves of the direction of the [sets](super::sets), the first divided by `n`, the second as two
//! messages. The rated message is the mean.

use super::fixed::{halves, joined, message};
use super::priors::Prior;
use super::regression::Regression;
use super::shape::{Shape, packed, write_moments};

/// Units to 1, for unknowns that have the scale 1. Numbers of more than 2^15 units are cut off: second moments above 512, which
/// are those of rows that are more than 22 scales from zero, deviations above 8, and means above 32.
const MOMENT: f64 = (1_u64 << 6) as f64;
const DEVIATION: f64 = (1_u64 << 12) as f64;
const MEAN: f64 = (1_u64 << 10) as f64;
/// Units to 1, of numbers between -1 and 1.
const SHARE: f64 = (1_u64 << 14) as f64;

/// The units of what users send, as the number of units to 1.
pub(super) struct Units {
    shape: Shape,
    moments: Vec<f64>,
    deviations: Vec<f64>,
    means: Vec<f64>,
}

/// What a user has to say.
pub(super) struct Letter<'a> {
    pub(super) posterior: &'a Regression,
    pub(super) prior_mean: &'a [f64],
    /// Sums over the user's movies of both halves of the direction.
    pub(super) direction: [&'a [f64]; 2],
    pub(super) rating_count: usize,
}

impl Units {
    /// For users with this prior. Their unknowns have the scale of the prior.
    pub(super) fn of(prior: &Prior) -> Self {
        let order = prior.mean.len();
        let shape = Shape { factors: order - 1 };
        let square = |row: usize| prior.mean[row] * prior.mean[row] + prior.covariance[row * order + row];
        let mut scales: Vec<f64> = (0..order).map(|row| near_root(square(row))).collect();
        let deviations = scales.iter().map(|scale| DEVIATION / scale).collect();
        scales.insert(1, 1.0);
        let means = scales.iter().map(|scale| MEAN / scale).collect();
        let mut moments = vec![MOMENT; shape.moments()];
        for row in 0..shape.features() {
            for column in 0..=row {
                moments[packed(row, column)] /= scales[row] * scales[column];
            }
        }
        Self { shape, moments, deviations, means }
    }

    /// The length of the message that is the same for all movies.
    pub(super) fn plain(shape: Shape) -> usize {
        shape.moments() + 4 * shape.order()
    }

    /// Writes the message, and the one that is multiplied by the rating.
    #[inline(always)]
    pub(super) fn write(&self, letter: &Letter<'_>, to: &mut [i16]) {
        let Letter { posterior: Regression { mean, covariance, .. }, prior_mean, direction, .. } = *letter;
        let order = mean.len();
        let share = (letter.rating_count as f64).recip();
        let (moments, rest) = to.split_at_mut(self.moments.len());
        write_moments(mean, covariance, |place, value| moments[place] = message(value, self.moments[place]));
        let (deviations, rest) = rest.split_at_mut(order);
        for (row, to) in deviations.iter_mut().enumerate() {
            *to = message(share.sqrt() * (mean[row] - prior_mean[row]), self.deviations[row]);
        }
        let (to_rated, rest) = rest.split_at_mut(order);
        for (to, &sum) in to_rated.iter_mut().zip(direction[0]) {
            *to = message(sum * share, SHARE);
        }
        let (upper, rest) = rest.split_at_mut(order);
        let (lower, means) = rest.split_at_mut(order);
        for ((upper, lower), &sum) in upper.iter_mut().zip(lower).zip(direction[1]) {
            [*upper, *lower] = halves(sum);
        }
        means[0] = message(mean[0], self.means[0]);
        means[1] = message(1.0, self.means[1]);
        for ((to, &factor), &units) in means[2..].iter_mut().zip(&mean[1..]).zip(&self.means[2..]) {
            *to = message(factor, units);
        }
    }

    /// Writes what the sums of messages are: moments, deviations, both halves of the direction, and means times ratings.
    #[inline(always)]
    pub(super) fn read(&self, sums: &[f64], to: &mut [f64]) {
        let order = self.shape.order();
        let (moments, rest) = sums.split_at(self.moments.len());
        let (deviations, rest) = rest.split_at(order);
        let (to_rated, rest) = rest.split_at(order);
        let (upper, rest) = rest.split_at(order);
        let (lower, products) = rest.split_at(order);
        let (to_moments, rest) = to.split_at_mut(moments.len());
        divide(moments, &self.moments, to_moments);
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
        let mut message = vec![0; Units::plain(units.shape) + units.shape.features()];
        let letter = Letter { posterior, prior_mean: &[0.0; 2], direction, rating_count: 4 };
        units.write(&letter, &mut message);
        let sums: Vec<f64> = message.into_iter().map(f64::from).collect();
        let mut read = vec![0.0; sums.len()];
        units.read(&sums, &mut read);
        read
    }

    #[test]
    fn what_is_read_is_what_was_written_up_to_half_a_unit() {
        // The scales are 1/4 of a star and 32.
        let mut prior = Prior::new(Shape { factors: 1 }, 0.05, 1000.0);
        prior.mean[0] = 0.1;
        let (units, order) = (Units::of(&prior), 2);
        let found = read(&units, &posterior([0.3, -50.0]), [&[0.8, -0.4], &[0.123_456_789, -1.0]]);
        let (moments, rest) = found.split_at(units.shape.moments());
        let expected = [0.1, 0.3, 1.0, -14.99, -50.0, 2500.01];
        let unit = |row: usize| [0.25, 1.0, 32.0][row];
        for row in 0..3 {
            for column in 0..=row {
                let (found, expected) = (moments[packed(row, column)], expected[packed(row, column)]);
                let most = unit(row) * unit(column) / MOMENT / 2.0;
                assert!((found - expected).abs() <= most, "{row} {column} {found} {expected}");
            }
        }
        let expected = [0.15, -25.0, 0.2, -0.1, 0.123_456_789, -1.0, 0.3, 1.0, -50.0];
        let tolerances = [1e-4, 4e-3, 4e-5, 4e-5, 1e-9, 1e-9, 2e-4, 1e-9, 2e-2];
        assert_eq!(rest[..5 * order - 1].len(), expected.len());
        for ((found, expected), tolerance) in rest.iter().zip(expected).zip(tolerances) {
            assert!((found - expected).abs() <= tolerance, "{found} {expected}");
        }
    }

    #[test]
    fn rows_far_from_zero_are_cut_off() {
        let units = Units::of(&Prior::new(Shape { factors: 1 }, 1.0, 1.0));
        let found = read(&units, &posterior([0.0, 1000.0]), [&[0.0; 2]; 2]);
        let largest = f64::from(i16::MAX);
        assert_eq!(found[packed(2, 2)], largest / MOMENT);
        assert_eq!(found[packed(2, 1)], largest / MOMENT);
    }
}
