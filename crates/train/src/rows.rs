//! Compressed sparse rows: entries by row, one row after the other in a single vector.

/// The entries of each row.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    /// Where the entries of each row begin, and those of the last one end.
    offsets: Vec<usize>,
    entries: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// `count` rows of these pairs of row and entry. Within a row, entries keep their order.
    pub(crate) fn of(count: usize, pairs: impl Iterator<Item = (usize, T)> + Clone) -> Self {
        let mut offsets = vec![0; count + 1];
        for (row, _) in pairs.clone() {
            offsets[row + 1] += 1;
        }
        for row in 0..count {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let first = pairs.clone().next().map(|(_, entry)| entry);
        let mut entries = first.map_or_else(Vec::new, |entry| vec![entry; offsets[count]]);
        for (row, entry) in pairs {
            entries[next[row]] = entry;
            next[row] += 1;
        }
        Self { offsets, entries }
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// One row.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.entries[self.offsets[row]..self.offsets[row + 1]]
    }

    /// The rows that are not empty.
    pub(crate) fn filled(&self) -> Vec<usize> {
        (0..self.len()).filter(|&row| !self.row(row).is_empty()).collect()
    }

    /// Offsets, as many as rows and one more, and the entries of all rows.
    pub(crate) fn into_parts(self) -> (Vec<usize>, Vec<T>) {
        (self.offsets, self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_row_has_its_entries_in_order(pairs in prop::collection::vec((0_usize..7, 0_u32..100), 0..40)) {
            let rows = Rows::of(7, pairs.iter().copied());
            prop_assert_eq!(rows.len(), 7);
            for row in 0..7 {
                let own: Vec<u32> = pairs.iter().filter(|pair| pair.0 == row).map(|pair| pair.1).collect();
                prop_assert_eq!(rows.row(row), &own);
                prop_assert_eq!(rows.filled().contains(&row), !own.is_empty());
            }
            let (offsets, entries) = rows.into_parts();
            prop_assert_eq!((offsets.len(), offsets[7], entries.len()), (8, pairs.len(), pairs.len()));
        }
    }

    #[test]
    fn there_may_be_no_rows() {
        assert_eq!(Rows::<u32>::of(0, std::iter::empty()).len(), 0);
    }
}
