//! What is checked of the numbers in a file of tensors.

use std::ops::Range;

use bytemuck::Pod;
use half::f16;

use super::{AlignedBuffer, ArtifactError};

/// Checks that offsets run from 0 to the end, and that the columns of each row are distinct, ascending and fewer
/// than `limit`.
pub(super) fn check_sparse_rows(
    (offsets_name, offsets): (&'static str, &[u32]),
    (columns_name, columns): (&'static str, &[impl Copy + PartialOrd + Into<u32>]),
    limit: u32,
) -> Result<(), ArtifactError> {
    let ends = offsets.first() == Some(&0) && offsets.last().map(|&end| end as usize) == Some(columns.len());
    if !ends || !offsets.is_sorted() {
        return Err(ArtifactError::tensor(
            offsets_name,
            "offsets do not run from 0 to the number of entries",
        ));
    }
    for row in offsets.windows(2) {
        let row = &columns[row[0] as usize..row[1] as usize];
        let descents = row.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        if descents > 0 || row.last().is_some_and(|&column| column.into() >= limit) {
            return Err(ArtifactError::tensor(
                columns_name,
                "the movies of a row are not distinct ascending rows",
            ));
        }
    }
    Ok(())
}

/// The numbers of a tensor.
pub(super) fn numbers<'a, T: Pod>(
    buffer: &'a AlignedBuffer,
    name: &'static str,
    place: &Range<usize>,
) -> Result<&'a [T], ArtifactError> {
    buffer.numbers(place.clone()).ok_or_else(|| ArtifactError::tensor(name, "is not aligned to its numbers"))
}

/// A number that may not be finite.
pub(super) trait Float: Pod {
    fn is_finite(self) -> bool;
}

impl Float for f32 {
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Float for f16 {
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

/// The numbers of a tensor, which must be finite.
pub(super) fn finite<'a, T: Float>(
    buffer: &'a AlignedBuffer,
    name: &'static str,
    place: &Range<usize>,
) -> Result<&'a [T], ArtifactError> {
    let numbers: &[T] = numbers(buffer, name, place)?;
    // Without an early exit the loop is vectorised.
    if numbers.iter().fold(true, |finite, &number| finite & number.is_finite()) {
        Ok(numbers)
    } else {
        Err(ArtifactError::tensor(name, "holds a number that is not finite"))
    }
}
