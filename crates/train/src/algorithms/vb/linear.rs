//! Symmetric positive definite matrices, full and row-major, in `f64`.
//!
//! All inner loops add a multiple of one row to another. So the compiler can use vectors of any width without changing the
//! order of any sum, and the bits are the same on every machine.

/// Memory for [`invert`], reused between matrices.
#[derive(Debug, Clone)]
pub(super) struct Inversion {
    order: usize,
    /// `U`, with `U' U` the matrix.
    upper: Vec<f64>,
    /// `W = U'^-1`, lower triangular.
    lower: Vec<f64>,
}

impl Inversion {
    pub(super) fn new(order: usize) -> Self {
        Self { order, upper: vec![0.0; order * order], lower: vec![0.0; order * order] }
    }

    /// Writes the inverse of `matrix` to `inverse`. Only the upper triangle of the matrix is read.
    ///
    /// Rounding can make a pivot of a nearly singular matrix negative. Such a pivot is replaced by a small one.
    #[inline(always)]
    pub(super) fn invert(&mut self, matrix: &[f64], inverse: &mut [f64]) {
        let order = self.order;
        let Self { upper, lower, .. } = self;
        upper.copy_from_slice(matrix);
        for pivot in 0..order {
            let (done, below) = upper.split_at_mut((pivot + 1) * order);
            let row = &mut done[pivot * order..];
            let smallest = matrix[pivot * order + pivot].abs() * 1e-12 + f64::MIN_POSITIVE;
            let scale = row[pivot].max(smallest).sqrt().recip();
            row[pivot..].iter_mut().for_each(|entry| *entry *= scale);
            row[pivot] = scale;
            for (offset, other) in below.chunks_exact_mut(order).enumerate() {
                let column = pivot + 1 + offset;
                subtract(&mut other[column..], row[column], &row[column..]);
            }
        }
        // The diagonal of `upper` holds reciprocals.
        lower.fill(0.0);
        for row in 0..order {
            let (done, rest) = lower.split_at_mut(row * order);
            let current = &mut rest[..order];
            current[row] = 1.0;
            for (above, solved) in done.chunks_exact(order).enumerate() {
                subtract(&mut current[..=above], upper[above * order + row], &solved[..=above]);
            }
            let scale = upper[row * order + row];
            current[..=row].iter_mut().for_each(|entry| *entry *= scale);
        }
        inverse.fill(0.0);
        for (last, row) in lower.chunks_exact(order).enumerate() {
            for (index, &times) in row[..=last].iter().enumerate() {
                subtract(&mut inverse[index * order..=index * order + index], -times, &row[..=index]);
            }
        }
        for row in 0..order {
            for column in 0..row {
                inverse[column * order + row] = inverse[row * order + column];
            }
        }
    }
}

/// `to -= times from`
#[inline(always)]
fn subtract(to: &mut [f64], times: f64, from: &[f64]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to -= times * from;
    }
}

/// Writes `matrix vector`, for a symmetric matrix.
#[inline(always)]
pub(super) fn multiply(matrix: &[f64], vector: &[f64], product: &mut [f64]) {
    product.fill(0.0);
    for (row, &times) in matrix.chunks_exact(vector.len()).zip(vector) {
        subtract(product, -times, row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        for order in [1, 2, 5, 17, 33] {
            let vector = |seed: usize| (0..order).map(move |i| ((i * 7 + seed * 3) as f64).sin());
            let mut matrix = vec![0.0; order * order];
            for index in 0..order {
                matrix[index * order + index] += 0.5;
                for (row, a) in vector(index).enumerate() {
                    for (column, b) in vector(index).enumerate() {
                        matrix[row * order + column] += a * b;
                    }
                }
            }
            let mut inverse = vec![0.0; order * order];
            Inversion::new(order).invert(&matrix, &mut inverse);
            let mut product = vec![0.0; order];
            for column in 0..order {
                multiply(&matrix, &inverse[column * order..(column + 1) * order], &mut product);
                for (row, &entry) in product.iter().enumerate() {
                    assert!(
                        (entry - f64::from(row == column)).abs() < 1e-9,
                        "{order} {row} {column} {entry}"
                    );
                }
            }
        }
    }
}
