//! Compressed sparse rows: entries by row, one row after the other in a single vector.

use crate::ratings::Ratings;

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
        let first = pairs.clone().next().map(|(_, entry)| entry);
        let mut entries = first.map_or_else(Vec::new, |entry| vec![entry; offsets[count]]);
        // Each offset moves to the end of its row, which is where the next one begins.
        for (row, entry) in pairs {
            entries[offsets[row]] = entry;
            offsets[row] += 1;
        }
        offsets.rotate_right(1);
        offsets[0] = 0;
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
}

impl Rows<u32> {
    /// For each user, the places of the user's ratings among all.
    pub(crate) fn places_by_user(ratings: &Ratings) -> Self {
        let count = ratings.iter().map(|rating| rating.user.index() + 1).max().unwrap_or(0);
        Self::of(count, (0..).zip(ratings).map(|(place, rating)| (rating.user.index(), place)))
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
        }
    }

    #[test]
    fn there_may_be_no_rows() {
        assert_eq!(Rows::<u32>::of(0, std::iter::empty()).len(), 0);
    }
}
