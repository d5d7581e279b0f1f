//! The index of `users.bin`, in `model.safetensors`: where each block of users lies, and what it must be.
//!
//! A block begins where the one before it ends, so blocks cannot overlap and leave no gap.

use std::ops::Range;

use safetensors::Dtype;
use sha2::{Digest, Sha256};

use super::checks::numbers;
use super::header::Header;
use super::{AlignedBuffer, ArtifactError, FileDigest, MAX_BLOCK_BYTES};
use crate::IdTable;

/// The length of a SHA-256.
pub(super) const SUM: usize = 32;

/// The position of each tensor of the index, in bytes from the start of the file.
#[derive(Debug)]
pub(super) struct IndexPlaces {
    first_ids: Range<usize>,
    first_id_offsets: Range<usize>,
    offsets: Range<usize>,
    sums: Range<usize>,
}

/// The index of `users.bin`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserIndex<'a> {
    first_ids: IdTable<'a>,
    /// Where each block begins, and where the last one ends.
    offsets: &'a [u64],
    /// The SHA-256 of each block.
    sums: &'a [[u8; SUM]],
}

impl IndexPlaces {
    pub(super) fn take(header: &mut Header) -> Result<Self, ArtifactError> {
        let blocks = header.rows("block_sha256")?;
        let ends =
            blocks.checked_add(1).ok_or_else(|| ArtifactError::tensor("block_sha256", "is too long"))?;
        Ok(Self {
            first_ids: header.take_bytes("block_first_ids")?,
            first_id_offsets: header.take("block_first_id_offsets", Dtype::U32, &[ends])?,
            offsets: header.take("block_offsets", Dtype::U64, &[ends])?,
            sums: header.take("block_sha256", Dtype::U8, &[blocks, SUM])?,
        })
    }

    /// Checks the index of a `users.bin` of this many users.
    pub(super) fn check(
        &self,
        buffer: &AlignedBuffer,
        file: &FileDigest,
        users: u32,
    ) -> Result<(), ArtifactError> {
        let ids = numbers(buffer, "block_first_ids", &self.first_ids)?;
        let id_offsets = numbers(buffer, "block_first_id_offsets", &self.first_id_offsets)?;
        IdTable::checked(ids, id_offsets).map_err(|error| ArtifactError::ids("block_first_ids", error))?;
        numbers::<[u8; SUM]>(buffer, "block_sha256", &self.sums)?;
        let offsets: &[u64] = numbers(buffer, "block_offsets", &self.offsets)?;
        let wrong = |problem: &str| Err(ArtifactError::tensor("block_offsets", problem));
        if offsets.first() != Some(&0) || offsets.last() != Some(&file.length) {
            return wrong("offsets do not run from 0 to the length of users.bin");
        }
        if offsets.windows(2).any(|block| block[0] >= block[1]) {
            return wrong("a block is empty, or overlaps the next one");
        }
        if offsets.windows(2).any(|block| block[1] - block[0] > MAX_BLOCK_BYTES) {
            return wrong("a block is longer than a block may be");
        }
        let blocks = offsets.len() - 1;
        if blocks > users as usize || (blocks == 0 && users > 0) {
            return wrong("there are more blocks than users, or none");
        }
        Ok(())
    }

    /// The index in the file that was checked.
    pub(super) fn of<'a>(&self, buffer: &'a AlignedBuffer) -> UserIndex<'a> {
        UserIndex {
            first_ids: IdTable::trusted(
                buffer.checked(&self.first_ids),
                buffer.checked(&self.first_id_offsets),
            ),
            offsets: buffer.checked(&self.offsets),
            sums: buffer.checked(&self.sums),
        }
    }
}

impl<'a> UserIndex<'a> {
    /// The block that contains a user, if any does.
    pub(crate) fn block_of(self, id: &str) -> Option<usize> {
        self.first_ids.last_up_to(id)
    }

    /// The first id of each block.
    pub(crate) fn first_ids(self) -> IdTable<'a> {
        self.first_ids
    }

    /// Where a block lies in `users.bin`.
    pub(crate) fn range(self, block: usize) -> Range<u64> {
        self.offsets[block]..self.offsets[block + 1]
    }

    /// Whether these bytes are those of a block.
    pub(super) fn is_sum_of(self, block: usize, bytes: &[u8]) -> bool {
        <[u8; SUM]>::from(Sha256::digest(bytes)) == self.sums[block]
    }

    /// Whether a block with these ids is the one that the index describes: it starts with its first id, and ends before
    /// that of the next block.
    pub(super) fn holds(self, block: usize, ids: IdTable<'_>) -> bool {
        let last = ids.len().checked_sub(1);
        let ends_before = |next: usize| last.is_some_and(|last| ids.id(last) < self.first_ids.id(next));
        ids.id(0) == self.first_ids.id(block) && (block + 1 == self.first_ids.len() || ends_before(block + 1))
    }
}
