//! Conjugate gradients with a diagonal preconditioner, for one matrix and many right-hand sides.
//!
//! Each column of the vectors (rows x width) is a system of its own. The columns are divided into equal blocks; the matrix
//! is the same within a block.

use rayon::prelude::*;

use crate::state::{StateError, StateReader, StateWriter};

/// Rows that are summed together. The sums of the chunks are added in order, so they do not depend on the threads.
const CHUNK: usize = 256;

/// Descent towards the solution of `matrix x = right`.
pub(super) struct Descent {
    width: usize,
    blocks: usize,
    /// The diagonal of the matrix: rows x blocks.
    diagonal: Vec<f32>,
    /// `right - matrix x`
    residual: Vec<f32>,
    direction: Vec<f32>,
    /// `r' r / diagonal`, by column.
    lengths: Vec<f64>,
}

impl Descent {
    /// Starts from the `x` for which the residual is `right - matrix x`.
    pub(super) fn new(residual: Vec<f32>, width: usize, diagonal: Vec<f32>, blocks: usize) -> Self {
        let direction = vec![0.0; residual.len()];
        Self { width, blocks, diagonal, residual, direction, lengths: vec![0.0; width] }
    }

    /// The direction, which the caller multiplies by the matrix.
    pub(super) fn direction(&self) -> &[f32] {
        &self.direction
    }

    /// Turns to the next direction.
    pub(super) fn turn(&mut self) -> &[f32] {
        let (width, blocks) = (self.width, self.blocks);
        let block = width / blocks;
        let next = column_sums(width, &self.residual, &self.diagonal, blocks, |residual, diagonal, sums| {
            for (column, (sum, &entry)) in sums.iter_mut().zip(residual).enumerate() {
                *sum += f64::from(entry) * f64::from(entry / diagonal[column / block]);
            }
        });
        let turns: Vec<f32> =
            next.iter().zip(&self.lengths).map(|(&next, &last)| ratio(next, last)).collect();
        self.lengths = next;
        self.direction
            .par_chunks_mut(width)
            .zip(self.residual.par_chunks(width))
            .zip(self.diagonal.par_chunks(blocks))
            .for_each(|((direction, residual), diagonal)| {
                for column in 0..width {
                    direction[column] =
                        residual[column] / diagonal[column / block] + turns[column] * direction[column];
                }
            });
        &self.direction
    }

    /// Steps along the direction, whose product with the matrix is `image`. Returns the length of the step, by column.
    pub(super) fn step(&mut self, image: &[f32]) -> Vec<f32> {
        let width = self.width;
        let curvatures = column_sums(width, &self.direction, image, width, |direction, image, sums| {
            for ((sum, &direction), &image) in sums.iter_mut().zip(direction).zip(image) {
                *sum += f64::from(direction) * f64::from(image);
            }
        });
        let steps: Vec<f32> = self
            .lengths
            .iter()
            .zip(&curvatures)
            .map(|(&length, &curvature)| ratio(length, curvature))
            .collect();
        let back: Vec<f32> = steps.iter().map(|step| -step).collect();
        add(&mut self.residual, image, &back);
        steps
    }

    /// Adds the step to a solution.
    pub(super) fn add_to(&self, solution: &mut [f32], steps: &[f32]) {
        add(solution, &self.direction, steps);
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        for numbers in [&self.diagonal, &self.residual, &self.direction] {
            state.floats(numbers);
        }
        state.reals(&self.lengths);
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        for numbers in [&mut self.diagonal, &mut self.residual, &mut self.direction] {
            state.floats(numbers)?;
        }
        state.reals(&mut self.lengths)
    }
}

/// `to += steps from`, column by column.
pub(super) fn add(to: &mut [f32], from: &[f32], steps: &[f32]) {
    let width = steps.len();
    to.par_chunks_mut(width).zip(from.par_chunks(width)).for_each(|(to, from)| {
        for ((to, &from), &step) in to.iter_mut().zip(from).zip(steps) {
            *to += step * from;
        }
    });
}

/// A solved column has a residual of zero. It takes no more steps.
fn ratio(numerator: f64, denominator: f64) -> f32 {
    if denominator > 0.0 { (numerator / denominator) as f32 } else { 0.0 }
}

/// Sums over pairs of rows, with `width` entries in `a` and `other` entries in `b`.
fn column_sums(
    width: usize,
    a: &[f32],
    b: &[f32],
    other: usize,
    add_row: impl Fn(&[f32], &[f32], &mut [f64]) + Sync,
) -> Vec<f64> {
    let of_chunk = |(a, b): (&[f32], &[f32])| {
        let mut sums = vec![0.0; width];
        a.chunks_exact(width).zip(b.chunks_exact(other)).for_each(|(a, b)| add_row(a, b, &mut sums));
        sums
    };
    let chunks: Vec<Vec<f64>> =
        a.par_chunks(CHUNK * width).zip(b.par_chunks(CHUNK * other)).map(of_chunk).collect();
    let mut sums = vec![0.0; width];
    for (sum, &number) in chunks.iter().flat_map(|chunk| (0..).zip(chunk)) {
        sums[sum as usize] += number;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_steps_as_rows_solve_every_column() {
        // Two blocks of one and the same column each: (4 1; 1 3) and (9 2; 2 5).
        let matrices = [[4.0, 1.0, 1.0, 3.0], [9.0, 2.0, 2.0, 5.0]];
        let right = vec![1.0, 2.0, 3.0, 4.0];
        let mut descent = Descent::new(right.clone(), 2, vec![4.0, 9.0, 3.0, 5.0], 2);
        let mut solution = vec![0.0; 4];
        let product = |vector: &[f32]| -> Vec<f32> {
            let entry = |row: usize, column: usize| {
                (0..2).map(|other| matrices[column][row * 2 + other] * vector[other * 2 + column]).sum()
            };
            vec![entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)]
        };
        for _ in 0..3 {
            let image = product(descent.turn());
            let steps = descent.step(&image);
            descent.add_to(&mut solution, &steps);
        }
        for (found, expected) in product(&solution).iter().zip(&right) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
