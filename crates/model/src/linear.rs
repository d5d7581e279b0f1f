//! Small symmetric linear systems, as needed to fold a visitor in.

use crate::factors::dot;

/// The lower factor `L` of a symmetric positive definite matrix `L L'`, row-major with zeros above.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    order: usize,
    lower: Vec<f32>,
    /// The same, transposed, so that both substitutions read along rows.
    upper: Vec<f32>,
}

impl Cholesky {
    /// Factors a row-major matrix. Only its lower triangle is read. `None` if it is not positive definite.
    pub(crate) fn new(mut matrix: Vec<f32>, order: usize) -> Option<Self> {
        for row in 0..order {
            let (above, current) = matrix.split_at_mut(row * order);
            for column in 0..row {
                let pivot = &above[column * order..=column * order + column];
                let sum = dot(&current[..column], &pivot[..column]);
                current[column] = (current[column] - sum) / pivot[column];
            }
            let rest = current[row] - dot(&current[..row], &current[..row]);
            if !(rest > 0.0 && rest.is_finite()) {
                return None;
            }
            current[row] = rest.sqrt();
            current[row + 1..order].fill(0.0);
        }
        let transposed = |index: usize| matrix[index % order * order + index / order];
        let upper = (0..matrix.len()).map(transposed).collect();
        Some(Self { order, lower: matrix, upper })
    }

    /// Replaces `b` by the solution of `L L' x = b`.
    pub(crate) fn solve(&self, b: &mut [f32]) {
        for row in 0..self.order {
            let lower = &self.lower[row * self.order..(row + 1) * self.order];
            b[row] = (b[row] - dot(&lower[..row], &b[..row])) / lower[row];
        }
        for row in (0..self.order).rev() {
            let upper = &self.upper[row * self.order..(row + 1) * self.order];
            let sum = dot(&upper[row + 1..], &b[row + 1..self.order]);
            b[row] = (b[row] - sum) / upper[row];
        }
    }
}

/// Adds `weight x x'` to the lower triangle of a row-major matrix.
pub(crate) fn add_outer_product(matrix: &mut [f32], x: &[f32], weight: f32) {
    for (row, &value) in x.iter().enumerate() {
        let times = weight * value;
        let start = row * x.len();
        for (entry, &other) in matrix[start..=start + row].iter_mut().zip(x) {
            *entry += times * other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_of_a_system_is_found_again() {
        for order in [0, 1, 2, 9, 40] {
            let mut matrix = vec![0.0; order * order];
            for index in 0..order {
                matrix[index * order + index] += 1.0;
                let x: Vec<f32> = (0..order).map(|i| ((index * 7 + i * 3) as f32).sin()).collect();
                add_outer_product(&mut matrix, &x, 0.5);
            }
            let full = |row: usize, column: usize| matrix[row.max(column) * order + row.min(column)];
            let solution: Vec<f32> = (0..order).map(|i| i as f32 * 0.1 - 1.0).collect();
            let mut b: Vec<f32> = (0..order)
                .map(|row| (0..order).map(|column| full(row, column) * solution[column]).sum())
                .collect();
            Cholesky::new(matrix.clone(), order).unwrap().solve(&mut b);
            for (found, expected) in b.iter().zip(&solution) {
                assert!((found - expected).abs() < 1e-3, "order {order}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_factor() {
        assert_eq!(Cholesky::new(vec![1.0, 0.0, 2.0, 1.0], 2), None);
        assert_eq!(Cholesky::new(vec![0.0], 1), None);
        assert_eq!(Cholesky::new(vec![f32::NAN], 1), None);
    }
}
