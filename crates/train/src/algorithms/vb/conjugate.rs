//! Conjugate gradients with a diagonal preconditioner, for one matrix and many right-hand sides.
//!
//! Each column of the vectors (rows x width) is a system of its own. The columns are divided into equal blocks; the matrix
//! is the same within a block.

use rayon::prelude::*;

/// Rows that are summed together. The sums of the chunks are added in order, so they do not depend on the threads.
const CHUNK: usize = 256;

/// Descent towards the solution of `matrix x = right`. Each step is along a direction, whose product with the matrix the
/// caller computes: its image.
///
/// Neither the step nor the next direction relies on the steps before, except for the last direction. So the matrix and the
/// right-hand side may change a little from step to step.
pub(super) struct Descent {
    width: usize,
    blocks: usize,
    /// The diagonal of the matrix: rows x blocks.
    diagonal: Vec<f32>,
    /// `right - matrix x`
    residual: Vec<f32>,
    direction: Vec<f32>,
    /// `direction' matrix direction`, by column.
    curvatures: Vec<f64>,
}

impl Descent {
    /// Starts from the `x` for which the residual is `right - matrix x`. There are `width` columns in so many blocks.
    pub(super) fn new(
        residual: Vec<f32>,
        diagonal: Vec<f32>,
        direction: Vec<f32>,
        width: usize,
        blocks: usize,
    ) -> Self {
        Self { width, blocks, diagonal, residual, direction, curvatures: vec![0.0; width] }
    }

    /// The direction, which the caller multiplies by the matrix.
    pub(super) fn direction(&self) -> &[f32] {
        &self.direction
    }

    /// The direction of the next step.
    pub(super) fn into_direction(self) -> Vec<f32> {
        self.direction
    }

    /// Goes a share of the way to where the error is least along the direction, whose image is given. There is a share for
    /// each block. Returns the length of the step, by column.
    pub(super) fn step(&mut self, image: &[f32], shares: &[f32]) -> Vec<f32> {
        let gains = column_products(self.width, &self.residual, &self.direction);
        self.curvatures = column_products(self.width, &self.direction, image);
        let share = |column: usize| shares[column * self.blocks / self.width];
        let lengths = gains.iter().zip(&self.curvatures).map(|(&gain, &curvature)| ratio(gain, curvature));
        let steps: Vec<f32> = lengths.enumerate().map(|(column, length)| share(column) * length).collect();
        let back: Vec<f32> = steps.iter().map(|step| -step).collect();
        add(&mut self.residual, image, &back);
        steps
    }

    /// Adds the step to a solution.
    pub(super) fn add_to(&self, solution: &mut [f32], steps: &[f32]) {
        add(solution, &self.direction, steps);
    }

    /// Turns to the next direction after a step, or at the beginning: the residual divided by the diagonal, made conjugate to
    /// the last direction, whose image is given.
    pub(super) fn turn(&mut self, image: &[f32]) {
        let mut next = self.residual.clone();
        let (width, blocks) = (self.width, self.blocks);
        next.par_chunks_mut(width).zip(self.diagonal.par_chunks(blocks)).for_each(|(row, diagonal)| {
            for (entries, diagonal) in row.chunks_exact_mut(width / blocks).zip(diagonal) {
                for entry in entries {
                    *entry /= diagonal;
                }
            }
        });
        let shares = column_products(width, &next, image);
        let turns: Vec<f32> = shares
            .iter()
            .zip(&self.curvatures)
            .map(|(&share, &curvature)| -ratio(share, curvature))
            .collect();
        add(&mut next, &self.direction, &turns);
        self.direction = next;
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

/// Along a direction of zero, there is no step, and nothing to be conjugate to.
fn ratio(numerator: f64, denominator: f64) -> f32 {
    if denominator > 0.0 { (numerator / denominator) as f32 } else { 0.0 }
}

/// `sum a b`, by column.
fn column_products(width: usize, a: &[f32], b: &[f32]) -> Vec<f64> {
    let of_chunk = |(a, b): (&[f32], &[f32])| {
        let mut sums = vec![0.0; width];
        for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
            for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
                *sum += f64::from(a) * f64::from(b);
            }
        }
        sums
    };
    let chunks: Vec<Vec<f64>> =
        a.par_chunks(CHUNK * width).zip(b.par_chunks(CHUNK * width)).map(of_chunk).collect();
    let mut sums = vec![0.0; width];
    for chunk in &chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, part)| *sum += part);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_has_a_share_of_its_own() {
        // One row with two columns in each block, and the identity as matrix.
        let ones = || vec![1.0; 4];
        let mut descent = Descent::new(vec![2.0, 3.0, 4.0, 8.0], vec![1.0; 2], ones(), 4, 2);
        assert_eq!(descent.step(&ones(), &[1.0, 0.25]), [2.0, 3.0, 1.0, 2.0]);
        assert_eq!(descent.residual, [0.0, 0.0, 3.0, 6.0]);
    }

    #[test]
    fn as_many_steps_as_rows_solve_every_column() {
        // Two blocks of one and the same column each: (4 1; 1 3) and (9 2; 2 5).
        let matrices = [[4.0, 1.0, 1.0, 3.0], [9.0, 2.0, 2.0, 5.0]];
        let right = vec![1.0, 2.0, 3.0, 4.0];
        let mut descent = Descent::new(right.clone(), vec![4.0, 9.0, 3.0, 5.0], vec![0.0; 4], 2, 2);
        let mut solution = vec![0.0; 4];
        let product = |vector: &[f32]| -> Vec<f32> {
            let entry = |row: usize, column: usize| {
                (0..2).map(|other| matrices[column][row * 2 + other] * vector[other * 2 + column]).sum()
            };
            vec![entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)]
        };
        // The first direction is zero, so its step is too.
        for _ in 0..3 {
            let image = product(descent.direction());
            let steps = descent.step(&image, &[1.0; 2]);
            descent.add_to(&mut solution, &steps);
            descent.turn(&image);
        }
        for (found, expected) in product(&solution).iter().zip(&right) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
