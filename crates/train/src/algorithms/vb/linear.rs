//! Symmetric positive definite matrices, full and row-major, in `f64`.
//!
//! The terms of each entry are added one by one, from the first row to the last. So the compiler can use vectors of any width
//! without changing the order of any sum, and the bits are the same on every machine.

/// Neighbouring entries of a row.
type Lanes = [f64; LANES];
const LANES: usize = 8;

/// Memory for [`invert`](Inversion::invert), reused between matrices.
///
/// Rows are padded to whole [`Lanes`].
#[derive(Debug, Clone)]
pub(super) struct Inversion {
    order: usize,
    /// Of rows, in lanes.
    width: usize,
    /// `U`, with `U' U` the matrix. Its diagonal has the reciprocals, and what is below it has no meaning.
    upper: Vec<Lanes>,
    /// `W = U'^-1`, with zeros above the diagonal.
    lower: Vec<Lanes>,
}

impl Inversion {
    pub(super) fn new(order: usize) -> Self {
        let width = order.div_ceil(LANES);
        let zeros = vec![[0.0; LANES]; order * width];
        Self { order, width, upper: zeros.clone(), lower: zeros }
    }

    /// Writes the inverse of `matrix` to `inverse`. Only the upper triangle of the matrix is read.
    ///
    /// Rounding can make a pivot of a nearly singular matrix negative. Such a pivot is replaced by a small one.
    #[inline(always)]
    pub(super) fn invert(&mut self, matrix: &[f64], inverse: &mut [f64]) {
        self.factor(matrix);
        self.solve();
        self.multiply(inverse);
    }

    /// Computes `U`.
    #[inline(always)]
    fn factor(&mut self, matrix: &[f64]) {
        let Self { order, width, upper, .. } = self;
        for (pivot, entries) in matrix.chunks_exact(*order).enumerate() {
            let (done, rest) = upper.split_at_mut(pivot * *width);
            let row = &mut rest[..*width];
            row.as_flattened_mut()[..*order].copy_from_slice(entries);
            for (place, lanes) in row.iter_mut().enumerate().skip(pivot / LANES) {
                *lanes = subtract(*lanes, column(done, *width, pivot), column_of_lanes(done, *width, place));
            }
            let row = row.as_flattened_mut();
            let smallest = entries[pivot].abs() * 1e-12 + f64::MIN_POSITIVE;
            let scale = row[pivot].max(smallest).sqrt().recip();
            for entry in &mut row[pivot..] {
                *entry *= scale;
            }
            row[pivot] = scale;
        }
    }

    /// Computes `W`.
    #[inline(always)]
    fn solve(&mut self) {
        let Self { order, width, upper, lower } = self;
        for row in 0..*order {
            let (done, rest) = lower.split_at_mut(row * *width);
            let current = &mut rest[..*width];
            current.fill([0.0; LANES]);
            current[row / LANES][row % LANES] = 1.0;
            let scale = upper[row * *width..].as_flattened()[row];
            for (place, lanes) in current.iter_mut().enumerate().take(row / LANES + 1) {
                // Rows above these lanes have zeros there.
                let first = place * LANES;
                let (upper, done) = (&upper[first * *width..], &done[first * *width..]);
                *lanes = subtract(*lanes, column(upper, *width, row), column_of_lanes(done, *width, place));
                for entry in lanes {
                    *entry *= scale;
                }
            }
        }
    }

    /// Writes `W' W`.
    #[inline(always)]
    fn multiply(&self, product: &mut [f64]) {
        let Self { order, width, lower, .. } = self;
        for row in 0..*order {
            let below = &lower[row * *width..];
            for place in 0..=row / LANES {
                let times = column(below, *width, row).map(|entry| -entry);
                let sums = subtract([0.0; LANES], times, column_of_lanes(below, *width, place));
                for (column, sum) in (place * LANES..=row).zip(sums) {
                    product[row * *order + column] = sum;
                    product[column * *order + row] = sum;
                }
            }
        }
    }
}

/// The entries of a column of a padded matrix.
#[inline(always)]
fn column(rows: &[Lanes], width: usize, column: usize) -> impl Iterator<Item = f64> {
    rows.chunks_exact(width).map(move |row| row[column / LANES][column % LANES])
}

/// The lanes at a place of each row.
#[inline(always)]
fn column_of_lanes(rows: &[Lanes], width: usize, place: usize) -> impl Iterator<Item = &Lanes> {
    rows.chunks_exact(width).map(move |row| &row[place])
}

/// `from - times[0] rows[0] - times[1] rows[1] - ...`
#[inline(always)]
fn subtract<'a>(
    mut from: Lanes,
    times: impl Iterator<Item = f64>,
    rows: impl Iterator<Item = &'a Lanes>,
) -> Lanes {
    for (times, row) in times.zip(rows) {
        for (from, entry) in from.iter_mut().zip(row) {
            *from -= times * entry;
        }
    }
    from
}

/// Writes `matrix vector`, for a symmetric matrix.
#[inline(always)]
pub(super) fn multiply(matrix: &[f64], vector: &[f64], product: &mut [f64]) {
    product.fill(0.0);
    for (row, &times) in matrix.chunks_exact(vector.len()).zip(vector) {
        for (sum, entry) in product.iter_mut().zip(row) {
            *sum += times * entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        for order in [1, 2, 5, 8, 9, 17, 33] {
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

    /// The same sums, one entry after the other.
    fn inverted_by_entry(matrix: &[f64], order: usize) -> Vec<f64> {
        let at = |row: usize, column: usize| row * order + column;
        let (mut upper, mut lower, mut scales) = (matrix.to_vec(), vec![0.0; order * order], Vec::new());
        for row in 0..order {
            for column in row..order {
                let terms = (0..row).map(|above| upper[at(above, row)] * upper[at(above, column)]);
                upper[at(row, column)] = terms.fold(matrix[at(row, column)], |sum, term| sum - term);
            }
            let pivot = matrix[at(row, row)].abs() * 1e-12 + f64::MIN_POSITIVE;
            let scale = upper[at(row, row)].max(pivot).sqrt().recip();
            upper[row * order..(row + 1) * order].iter_mut().for_each(|entry| *entry *= scale);
            scales.push(scale);
        }
        for row in 0..order {
            for column in 0..=row {
                let terms = (column..row).map(|above| upper[at(above, row)] * lower[at(above, column)]);
                let start = f64::from(u8::from(row == column));
                lower[at(row, column)] = terms.fold(start, |sum, term| sum - term) * scales[row];
            }
        }
        let entry = |row: usize, column: usize| {
            let first = row.max(column);
            (first..order)
                .map(|below| lower[at(below, row)] * lower[at(below, column)])
                .fold(0.0, |a, b| a + b)
        };
        (0..order * order).map(|place| entry(place / order, place % order)).collect()
    }

    #[test]
    fn an_inverse_has_the_bits_of_sums_from_the_first_row_to_the_last() {
        for order in 1..=33 {
            let mut inversion = Inversion::new(order);
            // The last pivot of the second matrix is negative.
            for last in [3.0, -1.0] {
                let entry = |row: usize, column: usize| match row.abs_diff(column) {
                    0 if row + 1 == order => last,
                    0 => 3.0,
                    distance => ((row + column) as f64).sin() / (1 + distance) as f64,
                };
                let matrix: Vec<f64> =
                    (0..order * order).map(|place| entry(place / order, place % order)).collect();
                let mut inverse = vec![0.0; order * order];
                inversion.invert(&matrix, &mut inverse);
                assert_eq!(inverse, inverted_by_entry(&matrix, order), "{order} {last}");
            }
        }
    }
}
