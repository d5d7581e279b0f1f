//! Sums of the products of all pairs of entries, over many rows.

/// Rows whose products are added up in `f32`. Longer sums would lose precision.
const ROWS: usize = 64;
/// Entries that are multiplied at the same time, as a vector.
const LANES: usize = 8;
/// Vectors of sums that are kept in registers.
const REGISTERS: usize = 4;

/// The Gram matrix `sum x x'` of rows `x`.
pub(super) struct Gram {
    /// The length of a row, padded with zeros to whole vectors.
    width: usize,
    /// Rows that are not added yet.
    rows: Vec<f32>,
    count: usize,
    /// width x width. Only the lower triangle is complete.
    sums: Vec<f64>,
}

impl Gram {
    /// For rows of this length.
    pub(super) fn new(length: usize) -> Self {
        let width = length.next_multiple_of(LANES);
        Self { width, rows: vec![0.0; ROWS * width], count: 0, sums: vec![0.0; width * width] }
    }

    /// Forgets all rows.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.sums.fill(0.0);
    }

    /// A new row, to be filled. There must be room: see [`is_full`](Self::is_full).
    #[inline(always)]
    pub(super) fn next(&mut self) -> &mut [f32] {
        let start = self.count * self.width;
        self.count += 1;
        &mut self.rows[start..start + self.width]
    }

    /// Whether there is no room for a new row before the rows are [added](Self::add).
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.count == ROWS
    }

    /// Adds the new rows to the sums.
    #[inline(always)]
    pub(super) fn add(&mut self) {
        let Self { width, rows, count, sums } = self;
        let rows = &rows[..*count * *width];
        for column in (0..*width).step_by(LANES) {
            for row in (column..*width).step_by(REGISTERS) {
                let products = products(rows, *width, row, column);
                for (products, sums) in products.iter().zip(sums[row * *width..].chunks_exact_mut(*width)) {
                    for (sum, &product) in sums[column..].iter_mut().zip(products) {
                        *sum += f64::from(product);
                    }
                }
            }
        }
        *count = 0;
    }

    /// The sum of the products of two entries, of which `column` is not after `row`.
    #[inline(always)]
    pub(super) fn sum(&self, row: usize, column: usize) -> f64 {
        self.sums[row * self.width + column]
    }
}

/// The sums of some products: of the entries from `row` with those from `column`.
#[inline(always)]
fn products(rows: &[f32], width: usize, row: usize, column: usize) -> [[f32; LANES]; REGISTERS] {
    let mut sums = [[0.0; LANES]; REGISTERS];
    for entries in rows.chunks_exact(width) {
        let (Some(lanes), Some(factors)) =
            (entries[column..].first_chunk::<LANES>(), entries[row..].first_chunk::<REGISTERS>())
        else {
            continue;
        };
        for (sums, &factor) in sums.iter_mut().zip(factors) {
            for (sum, &entry) in sums.iter_mut().zip(lanes) {
                *sum += factor * entry;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_all_rows() {
        let mut gram = Gram::new(11);
        let entry = |row: usize, column: usize| (row * 5 % 7) as f32 - (column * 3 % 5) as f32;
        for row in 0..150 {
            gram.next()[..11].iter_mut().enumerate().for_each(|(column, to)| *to = entry(row, column));
            if gram.is_full() {
                gram.add();
            }
        }
        gram.add();
        for row in 0..11 {
            for column in 0..=row {
                let products = (0..150).map(|index| f64::from(entry(index, row) * entry(index, column)));
                assert_eq!(gram.sum(row, column), products.sum::<f64>(), "{row} {column}");
            }
        }
        gram.clear();
        assert_eq!(gram.sum(10, 3), 0.0);
    }
}
