//! Rows of ids while files are read, before the ids are sorted.

use hashbrown::HashMap;
use matinee_model::Ids;

/// Numbers ids in the order of their first appearance.
#[derive(Default)]
pub(super) struct Interner {
    rows: HashMap<String, u32>,
}

impl Interner {
    /// The row of `id`, which is a new row if the id is new.
    pub(super) fn row(&mut self, id: &str) -> u32 {
        let next = self.rows.len() as u32;
        *self.rows.entry_ref(id).or_insert(next)
    }

    /// The number of ids.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The ids in the order of their rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let mut ids = vec![""; self.rows.len()];
        for (id, &row) in &self.rows {
            ids[row as usize] = id;
        }
        ids.into_iter()
    }

    /// The ids in the order of their rows, with the number of times that each row occurs in `rows`.
    pub(super) fn with_counts(&self, rows: impl Iterator<Item = usize>) -> Vec<(&str, u64)> {
        let mut counts = vec![0_u64; self.rows.len()];
        rows.for_each(|row| counts[row] += 1);
        self.ids().zip(counts).collect()
    }

    /// For each row, the row of the same id in `sorted`.
    pub(super) fn rows_in(&self, sorted: &Ids) -> Vec<u32> {
        let table = sorted.table();
        self.ids().map(|id| table.find(id).unwrap_or_default()).collect()
    }
}
