//! Rows of ids while files are read, before the ids are sorted.

use std::hash::{Hash, Hasher};

use hashbrown::HashMap;
use matinee_model::Ids;

/// Numbers ids in the order of their first appearance.
#[derive(Default)]
pub(super) struct Interner {
    short: HashMap<ShortId, u32>,
    long: HashMap<String, u32>,
}

/// An id of at most 15 bytes, which is found without following a pointer. After it are zeros, and its length at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ShortId([u8; 16]);

impl Interner {
    /// The row of `id`, which is a new row if the id is new.
    pub(super) fn row(&mut self, id: &str) -> u32 {
        let next = self.len() as u32;
        match ShortId::of(id) {
            Some(id) => *self.short.entry(id).or_insert(next),
            None => *self.long.entry_ref(id).or_insert(next),
        }
    }

    /// The number of ids.
    pub(super) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// The ids in the order of their rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let mut ids = vec![""; self.len()];
        let short = self.short.iter().map(|(id, row)| (id.as_str(), row));
        for (id, &row) in short.chain(self.long.iter().map(|(id, row)| (id.as_str(), row))) {
            ids[row as usize] = id;
        }
        ids.into_iter()
    }

    /// The ids in the order of their rows, with the number of times that each row occurs in `rows`.
    pub(super) fn with_counts(&self, rows: impl Iterator<Item = usize>) -> Vec<(&str, u64)> {
        let mut counts = vec![0_u64; self.len()];
        rows.for_each(|row| counts[row] += 1);
        self.ids().zip(counts).collect()
    }

    /// For each row, the row of the same id in `sorted`.
    pub(super) fn rows_in(&self, sorted: &Ids) -> Vec<u32> {
        let table = sorted.table();
        self.ids().map(|id| table.find(id).unwrap_or_default()).collect()
    }
}

impl ShortId {
    /// `None` if the id is longer.
    fn of(id: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let (text, length) = bytes.split_at_mut(15);
        text.get_mut(..id.len())?.copy_from_slice(id.as_bytes());
        length[0] = id.len() as u8;
        Some(Self(bytes))
    }

    fn as_str(&self) -> &str {
        let text = &self.0[..usize::from(self.0[15])];
        // It was made of text.
        str::from_utf8(text).unwrap_or_default()
    }
}

impl Hash for ShortId {
    /// One number is hashed faster than a slice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_of_any_length_have_rows_in_their_order(ids in prop::collection::vec("[a\0é]{0,3}|[a]{13,17}|é{6,9}", 0..60)) {
            let mut interner = Interner::default();
            let mut seen: Vec<&str> = Vec::new();
            for id in &ids {
                let row = interner.row(id) as usize;
                prop_assert!(row <= seen.len());
                if row == seen.len() {
                    seen.push(id);
                }
                prop_assert_eq!(seen[row], id.as_str());
            }
            prop_assert_eq!(interner.ids().collect::<Vec<_>>(), seen);
        }
    }
}
