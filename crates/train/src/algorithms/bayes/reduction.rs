//! Finds the leading factors of a matrix from two random projections.

use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2};

/// Finds factors `P Q^T` of at most `rank` near a matrix M of which only `span = M Omega` and
/// `co_span = M^T psi` are known, for random Omega and `psi`.
///
/// With U an orthonormal basis of `span`, M is near `U (psi^T U)^+ (psi^T M)`; the singular values of that
/// product are split evenly between both sides.
pub(super) fn low_rank(
    span: &Array2<f32>,
    co_span: &Array2<f32>,
    psi: &Array2<f32>,
    rank: usize,
) -> (Array2<f32>, Array2<f32>) {
    let (users, movies) = (span.nrows(), co_span.nrows());
    let rank = rank.min(span.ncols()).min(users).min(movies);
    if rank == 0 {
        return (Array2::zeros((users, 0)), Array2::zeros((movies, 0)));
    }
    let basis = to_dense(span.view()).qr().q();
    let projected = to_dense(psi.view()).tr_mul(&basis);
    // X^T = co_span ((psi^T U)^+)^T, movies x span
    let inverse =
        projected.pseudo_inverse(1e-9).unwrap_or_else(|_| DMatrix::zeros(basis.ncols(), psi.ncols()));
    let coefficients = to_dense(co_span.view()) * inverse.transpose();
    // X X^T has the squares of the singular values, and the left singular vectors.
    let eigen = coefficients.tr_mul(&coefficients).symmetric_eigen();
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    order.truncate(rank);
    let mut left = eigen.eigenvectors.select_columns(&order);
    let mut right = left.clone();
    for (column, &index) in order.iter().enumerate() {
        let root = eigen.eigenvalues[index].max(0.0).powf(0.25);
        left.column_mut(column).scale_mut(root);
        right.column_mut(column).scale_mut(if root > 0.0 { root.recip() } else { 0.0 });
    }
    (to_single(&(basis * left)), to_single(&(coefficients * right)))
}

fn to_dense(matrix: ArrayView2<'_, f32>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |row, column| f64::from(matrix[[row, column]]))
}

fn to_single(matrix: &DMatrix<f64>) -> Array2<f32> {
    Array2::from_shape_fn(matrix.shape(), |(row, column)| matrix[(row, column)] as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut random))
    }

    #[test]
    fn a_matrix_of_low_rank_is_found_again() {
        let (p, q) = (random(50, 3, 1), random(80, 3, 2));
        let matrix = p.dot(&q.t());
        let (omega, psi) = (random(80, 16, 3), random(50, 32, 4));
        let (left, right) = low_rank(&matrix.dot(&omega), &matrix.t().dot(&psi), &psi, 5);
        let largest =
            (left.dot(&right.t()) - &matrix).iter().fold(0.0_f32, |max, error| max.max(error.abs()));
        assert!(largest < 1e-4, "{largest}");
        let (left, right) = low_rank(&matrix.dot(&omega), &matrix.t().dot(&psi), &psi, 2);
        assert_eq!((left.ncols(), right.ncols()), (2, 2));
    }

    #[test]
    fn nothing_has_no_factors() {
        let empty = |rows, columns| Array2::zeros((rows, columns));
        let (left, right) = low_rank(&empty(0, 16), &empty(4, 32), &empty(0, 32), 5);
        assert_eq!((left.dim(), right.dim()), ((0, 0), (4, 0)));
        let (left, right) = low_rank(&empty(6, 16), &empty(4, 32), &random(6, 32, 5), 3);
        assert!(left.dot(&right.t()).iter().all(|&number| number == 0.0));
    }
}
