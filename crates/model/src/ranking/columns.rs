//! Movie rows in two bytes each if that is enough, else in four.

use std::ops::Range;

/// The largest number of movies whose rows fit into two bytes.
pub(crate) const MOST_NARROW: usize = 1 << 16;

/// Movie rows.
#[derive(Debug, Clone, Copy)]
pub enum Columns<'a> {
    /// Of two bytes.
    Narrow(&'a [u16]),
    /// Of four bytes.
    Wide(&'a [u32]),
}

impl<'a> Columns<'a> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(rows) => rows.len(),
            Self::Wide(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        let columns = *self;
        (0..self.len()).map(move |place| columns.get(place))
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        match self {
            Self::Narrow(rows) => Self::Narrow(&rows[range]),
            Self::Wide(rows) => Self::Wide(&rows[range]),
        }
    }

    /// The position of `row`. The rows must be ascending.
    pub(crate) fn find(&self, row: u32) -> Option<usize> {
        match self {
            Self::Narrow(rows) => rows.binary_search(&u16::try_from(row).ok()?).ok(),
            Self::Wide(rows) => rows.binary_search(&row).ok(),
        }
    }

    pub(crate) fn get(&self, place: usize) -> u32 {
        match self {
            Self::Narrow(rows) => u32::from(rows[place]),
            Self::Wide(rows) => rows[place],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_answer_alike() {
        for columns in [Columns::Narrow(&[2, 5, 9]), Columns::Wide(&[2, 5, 9])] {
            assert_eq!(columns.iter().collect::<Vec<_>>(), [2, 5, 9]);
            assert_eq!(
                [1, 2, 5, 9, 70_000].map(|row| columns.find(row)),
                [None, Some(0), Some(1), Some(2), None]
            );
            assert_eq!(columns.slice(1..3).iter().collect::<Vec<_>>(), [5, 9]);
            assert!(!columns.is_empty() && columns.slice(1..1).is_empty());
        }
    }
}
