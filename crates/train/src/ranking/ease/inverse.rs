//! The inverse of a large symmetric positive definite matrix, block by block.
//!
//! `A = L L'` is factored by block columns, `L` is inverted by block rows, and `A^-1 = L^-T L^-1`. Nearly all of the work
//! is products of blocks. Each product is computed by one thread, so the result does not depend on the number of threads.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

/// The order of a block. Two blocks fit into the L2 cache.
const BLOCK: usize = 128;

/// The inverse of a matrix. Only its lower triangle is read. `None` if it is not positive definite.
pub(super) fn inverse(mut matrix: Array2<f32>) -> Option<Array2<f32>> {
    factor(&mut matrix)?;
    let inverse = invert_lower(&matrix.view());
    multiply_by_transposed(&inverse.view(), &mut matrix);
    Some(matrix)
}

/// The inverse of a matrix of two parts, of which the first `known` rows and columns already hold the inverse of their own.
/// Of the rest only the lower triangle is read. `None` if the matrix is not positive definite.
///
/// With `[A B'; B C]`, `K = B A^-1` and `S = C - K B'`, the inverse is `[A^-1 + K' S^-1 K, -K' S^-1; -S^-1 K, S^-1]`.
pub(super) fn bordered(mut matrix: Array2<f32>, known: usize) -> Option<Array2<f32>> {
    let (above, below) = matrix.view_mut().split_at(Axis(0), known);
    let (mut top, _) = above.split_at(Axis(1), known);
    let (border, corner) = below.view().split_at(Axis(1), known);
    let along = sparse_product(&border.view(), &top.view());
    let mut rest = corner.to_owned();
    in_blocks(&mut rest.view_mut(), Axis(0)).into_par_iter().for_each(|(row, mut block)| {
        let along = part(&along.view(), row..row + block.nrows(), 0..known);
        general_mat_mul(-1.0, &along, &border.t(), 1.0, &mut block);
    });
    let rest = inverse(rest)?;
    let mut solved = Array2::zeros(along.dim());
    in_blocks(&mut solved.view_mut(), Axis(0)).into_par_iter().for_each(|(row, mut block)| {
        let rest = part(&rest.view(), row..row + block.nrows(), 0..rest.ncols());
        general_mat_mul(-1.0, &rest, &along, 0.0, &mut block);
    });
    in_blocks(&mut top, Axis(0)).into_par_iter().for_each(|(row, block)| {
        let end = row + block.nrows();
        let (mut block, _) = block.split_at(Axis(1), end);
        let along = part(&along.view(), 0..along.nrows(), row..end);
        general_mat_mul(-1.0, &along.t(), &part(&solved.view(), 0..solved.nrows(), 0..end), 1.0, &mut block);
    });
    let (mut left, mut right) = below.split_at(Axis(1), known);
    left.assign(&solved);
    right.assign(&rest);
    mirror(&mut matrix);
    Some(matrix)
}

/// The product of a matrix with many zeros and a dense one.
fn sparse_product(left: &ArrayView2<'_, f32>, right: &ArrayView2<'_, f32>) -> Array2<f32> {
    let mut product = Array2::zeros((left.nrows(), right.ncols()));
    in_blocks(&mut product.view_mut(), Axis(0)).into_par_iter().for_each(|(start, mut block)| {
        for (mut row, left) in block.rows_mut().into_iter().zip(left.rows().into_iter().skip(start)) {
            for (&entry, right) in left.iter().zip(right.rows()).filter(|(entry, _)| **entry != 0.0) {
                row.scaled_add(entry, &right);
            }
        }
    });
    product
}

/// Replaces the lower triangle by `L`.
fn factor(matrix: &mut Array2<f32>) -> Option<()> {
    let order = matrix.nrows();
    for start in (0..order).step_by(BLOCK) {
        let width = BLOCK.min(order - start);
        let (_, rows) = matrix.view_mut().split_at(Axis(0), start);
        let (known, rest) = rows.split_at(Axis(1), start);
        let (mut panel, _) = rest.split_at(Axis(1), width);
        let known = known.view();
        let above = part(&known, 0..width, 0..start);
        in_blocks(&mut panel, Axis(0)).into_par_iter().for_each(|(row, mut block)| {
            let known = part(&known, row..row + block.nrows(), 0..start);
            general_mat_mul(-1.0, &known, &above.t(), 1.0, &mut block);
        });
        let (mut diagonal, mut below) = panel.split_at(Axis(0), width);
        let lower = factor_block(&diagonal.view())?;
        diagonal.iter_mut().zip(&lower.entries).for_each(|(entry, &found)| *entry = found);
        in_blocks(&mut below, Axis(0)).into_par_iter().for_each(|(_, mut block)| {
            for mut row in block.rows_mut() {
                let mut solved = row.to_vec();
                lower.substitute(&mut solved, width);
                row.assign(&ArrayView1::from(&solved));
            }
        });
    }
    Some(())
}

/// A small lower triangular matrix, row-major.
struct Lower {
    order: usize,
    entries: Vec<f32>,
}

impl Lower {
    fn row(&self, row: usize) -> &[f32] {
        &self.entries[row * self.order..(row + 1) * self.order]
    }

    /// Replaces the first `count` entries of `b` by those of the solution `x` of `L x = b`.
    fn substitute(&self, b: &mut [f32], count: usize) {
        for place in 0..count {
            let lower = self.row(place);
            let known = ArrayView1::from(&lower[..place]).dot(&ArrayView1::from(&b[..place]));
            b[place] = (b[place] - known) / lower[place];
        }
    }
}

/// `L` of one block. Only its lower triangle is read.
fn factor_block(block: &ArrayView2<'_, f32>) -> Option<Lower> {
    let order = block.nrows();
    let mut lower = Lower { order, entries: vec![0.0; order * order] };
    for row in 0..order {
        let mut own = block.row(row).to_vec();
        lower.substitute(&mut own, row);
        let rest = own[row] - own[..row].iter().map(|entry| entry * entry).sum::<f32>();
        if !(rest > 0.0 && rest.is_finite()) {
            return None;
        }
        own[row] = rest.sqrt();
        lower.entries[row * order..=row * order + row].copy_from_slice(&own[..=row]);
    }
    Some(lower)
}

/// `L^-1`, with zeros above the diagonal.
fn invert_lower(lower: &ArrayView2<'_, f32>) -> Array2<f32> {
    let order = lower.nrows();
    let mut inverse = Array2::zeros((order, order));
    for start in (0..order).step_by(BLOCK) {
        let end = order.min(start + BLOCK);
        let own = invert_block(&part(lower, start..end, start..end));
        let (above, rest) = inverse.view_mut().split_at(Axis(0), start);
        let (rows, _) = rest.split_at(Axis(0), end - start);
        let (mut left, right) = rows.split_at(Axis(1), start);
        let above = above.view();
        in_blocks(&mut left, Axis(1)).into_par_iter().for_each(|(column, mut block)| {
            let inverted = part(&above, column..start, column..column + block.ncols());
            let product = part(lower, start..end, column..start).dot(&inverted);
            general_mat_mul(-1.0, &own, &product, 0.0, &mut block);
        });
        right.split_at(Axis(1), end - start).0.assign(&own);
    }
    inverse
}

fn invert_block(lower: &ArrayView2<'_, f32>) -> Array2<f32> {
    let mut inverse = Array2::eye(lower.nrows());
    for row in 0..lower.nrows() {
        let (above, mut rest) = inverse.view_mut().split_at(Axis(0), row);
        let mut own = rest.row_mut(0);
        for (&entry, known) in lower.row(row).iter().zip(above.rows()) {
            own.scaled_add(-entry, &known);
        }
        own /= lower[[row, row]];
    }
    inverse
}

/// `L^-T L^-1`, both triangles.
fn multiply_by_transposed(lower: &ArrayView2<'_, f32>, product: &mut Array2<f32>) {
    let order = lower.nrows();
    in_blocks(&mut product.view_mut(), Axis(0)).into_par_iter().for_each(|(row, block)| {
        let end = row + block.nrows();
        let (mut block, _) = block.split_at(Axis(1), end);
        let left = part(lower, row..order, row..end);
        general_mat_mul(1.0, &left.t(), &part(lower, row..order, 0..end), 0.0, &mut block);
    });
    mirror(product);
}

/// Copies the lower triangle to the upper one.
fn mirror(matrix: &mut Array2<f32>) {
    for row in 0..matrix.nrows() {
        for column in row + 1..matrix.ncols() {
            matrix[[row, column]] = matrix[[column, row]];
        }
    }
}

fn part<'a>(of: &ArrayView2<'a, f32>, rows: Range<usize>, columns: Range<usize>) -> ArrayView2<'a, f32> {
    let mut part = *of;
    part.slice_axis_inplace(Axis(0), rows.into());
    part.slice_axis_inplace(Axis(1), columns.into());
    part
}

/// The blocks along an axis, each with its start.
fn in_blocks<'a>(matrix: &'a mut ArrayViewMut2<'_, f32>, axis: Axis) -> Vec<(usize, ArrayViewMut2<'a, f32>)> {
    let blocks = matrix.axis_chunks_iter_mut(axis, BLOCK).enumerate();
    blocks.map(|(block, view)| (block * BLOCK, view)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        for order in [0, 1, 5, BLOCK, BLOCK + 1, 3 * BLOCK - 7] {
            let x = Array2::from_shape_fn((order, 40), |(row, column)| ((row * 7 + column * 3) as f32).sin());
            let matrix = x.dot(&x.t()) + Array2::<f32>::eye(order) * 2.0;
            let product = matrix.dot(&inverse(matrix.clone()).unwrap());
            let error =
                (product - Array2::<f32>::eye(order)).mapv(f32::abs).fold(0.0, |a, &b| f32::max(a, b));
            assert!(error < 1e-3, "order {order}: {error}");
        }
    }

    #[test]
    fn a_border_is_added_to_an_inverse() {
        let order = BLOCK + 40;
        let x = Array2::from_shape_fn((order, 60), |(row, column)| ((row * 5 + column * 3) as f32).sin());
        let matrix = x.dot(&x.t()) + Array2::<f32>::eye(order) * 2.0;
        let expected = inverse(matrix.clone()).unwrap();
        for known in [0, 1, 40, BLOCK, BLOCK + 7, order] {
            let own = inverse(part(&matrix.view(), 0..known, 0..known).to_owned()).unwrap();
            let given =
                Array2::from_shape_fn((order, order), |(row, column)| match (row < known, column < known) {
                    (true, true) => own[[row, column]],
                    (true, false) => f32::NAN,
                    _ => matrix[[row, column]],
                });
            let error = (bordered(given, known).unwrap() - &expected)
                .mapv(f32::abs)
                .fold(0.0, |a, &b| f32::max(a, b));
            assert!(error < 1e-3, "{known}: {error}");
        }
    }

    #[test]
    fn the_upper_triangle_is_not_read() {
        let lower = ndarray::array![[4.0, f32::NAN], [2.0, 3.0]];
        let found = inverse(lower).unwrap();
        let expected = ndarray::array![[0.375, -0.25], [-0.25, 0.5]];
        assert!((found - expected).iter().all(|difference: &f32| difference.abs() < 1e-6));
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_inverse() {
        assert_eq!(inverse(ndarray::array![[1.0, 0.0], [2.0, 1.0]]), None);
        assert_eq!(inverse(ndarray::array![[f32::NAN]]), None);
    }
}
