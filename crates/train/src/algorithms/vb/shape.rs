//! The lengths of vectors, and symmetric matrices in packed form.
//!
//! A row of either side has the unknowns `w = (bias, factors)`. The other side sees it as `f = (bias, 1, factors)`: the
//! score is an offset, the bias, plus the other side's unknowns times `x = (1, factors)`.

use super::MOST_FACTORS;
use crate::state::{StateError, StateReader, StateWriter};

/// Packed matrices are padded with zeros to a multiple of this, so that whole vector registers are added.
const PADDING: usize = 8;

/// The lengths of a model with this many factors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) factors: usize,
}

impl Shape {
    pub(super) fn save(self, state: &mut StateWriter<'_>) {
        state.number(self.factors as u64);
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match state.number()? {
            factors if factors <= MOST_FACTORS.into() => Ok(Self { factors: factors as usize }),
            factors => Err(StateError::new(format!("it has {factors} factors"))),
        }
    }

    /// The length of `w`.
    pub(super) fn order(self) -> usize {
        self.factors + 1
    }

    /// The length of `f`.
    pub(super) fn features(self) -> usize {
        self.factors + 2
    }

    /// The length of a packed matrix over `f`.
    pub(super) fn moments(self) -> usize {
        packed(self.features(), 0).next_multiple_of(PADDING)
    }

    /// The length of a packed matrix over `w`.
    pub(super) fn covariance(self) -> usize {
        packed(self.order(), 0)
    }
}

/// The place of an entry in the lower triangle of a symmetric matrix, packed row by row. `column` is at most `row`.
#[inline(always)]
pub(super) fn packed(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

/// Writes the packed second moment `E[f f']` of a row with this mean (order) and covariance (order x order) of `w`.
#[inline(always)]
pub(super) fn write_moments(mean: &[f64], covariance: &[f64], mut write: impl FnMut(usize, f64)) {
    let order = mean.len();
    write(packed(0, 0), mean[0] * mean[0] + covariance[0]);
    write(packed(1, 0), mean[0]);
    write(packed(1, 1), 1.0);
    for row in 1..order {
        let (own, covariances) = (mean[row], &covariance[row * order..]);
        write(packed(row + 1, 0), own * mean[0] + covariances[0]);
        write(packed(row + 1, 1), own);
        for column in 1..=row {
            write(packed(row + 1, column + 1), own * mean[column] + covariances[column]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_bias_one_and_factors() {
        let (mean, covariance) = ([2.0, 3.0, 5.0], [0.1, 0.2, 0.3, 0.2, 0.4, 0.5, 0.3, 0.5, 0.6]);
        let shape = Shape { factors: 2 };
        let mut moments = vec![0.0; shape.moments()];
        write_moments(&mean, &covariance, |place, value| moments[place] = value);
        let expected = [4.1, 2.0, 1.0, 6.2, 3.0, 9.4, 10.3, 5.0, 15.5, 25.6];
        assert_eq!(moments[..10], expected);
        assert_eq!((shape.features(), shape.moments()), (4, 16));
    }
}
