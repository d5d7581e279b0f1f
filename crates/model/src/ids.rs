//! External ids and matrix rows have different types: mixing them up is the classic recommender bug.

use std::borrow::Borrow;
use std::fmt;

/// The length of the longest accepted id, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// What programs write for a missing value: pandas, R, JavaScript, SQL, Hive, spreadsheets.
const MISSING: [&str; 8] = ["nan", "null", "none", "<na>", "n/a", "#n/a", "undefined", "\\n"];

/// Whether an id stands for a missing value. All records without an id would become one user or movie.
pub fn is_missing(id: &str) -> bool {
    id == "NA" || MISSING.iter().any(|missing| id.eq_ignore_ascii_case(missing))
}

/// A user's id as in the ratings file and in requests: a non-empty string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(Box<str>);

/// A movie's id as in the catalogue and in requests: a non-empty string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MovieId(Box<str>);

/// A user's row in the factor matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserRow(pub u32);

/// A movie's row in the factor matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MovieRow(pub u32);

macro_rules! outside_id {
    ($name:ident) => {
        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Box<str>>> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.into())
            }
        }

        /// It hashes and compares as its text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
outside_id!(UserId);
outside_id!(MovieId);

macro_rules! matrix_row {
    ($name:ident) => {
        impl $name {
            /// The row as an index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
matrix_row!(UserRow);
matrix_row!(MovieRow);

/// Sorted ids over borrowed memory: id `row` is `bytes[offsets[row]..offsets[row + 1]]`.
///
/// Lookups are binary searches in this memory, so loading a model does not build a hash map.
#[derive(Debug, Clone, Copy)]
pub struct IdTable<'a> {
    bytes: &'a [u8],
    offsets: &'a [u32],
}

/// Why memory does not contain a valid table of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTableError {
    /// The offsets do not run from 0 to the length of the bytes.
    #[error("offsets do not run from 0 to the length of the ids")]
    Offsets,
    /// Two neighbours are equal or out of order, or an id is empty.
    #[error("id {0} is empty or not in ascending byte order")]
    Order(usize),
    /// An id is not UTF-8.
    #[error("id {0} is not UTF-8")]
    Encoding(usize),
}

impl<'a> IdTable<'a> {
    /// No ids.
    pub(crate) const EMPTY: Self = Self { bytes: &[], offsets: &[] };

    /// Wraps untrusted memory after checking every invariant.
    pub(crate) fn checked(bytes: &'a [u8], offsets: &'a [u32]) -> Result<Self, IdTableError> {
        let ends_fit =
            offsets.first() == Some(&0) && offsets.last().map(|&end| end as usize) == Some(bytes.len());
        if !ends_fit || !offsets.is_sorted() {
            return Err(IdTableError::Offsets);
        }
        let table = Self { bytes, offsets };
        let mut previous: &[u8] = b"";
        for row in 0..table.len() {
            let id = table.raw(row);
            if id <= previous {
                return Err(IdTableError::Order(row));
            }
            if std::str::from_utf8(id).is_err() {
                return Err(IdTableError::Encoding(row));
            }
            previous = id;
        }
        Ok(table)
    }

    /// Wraps memory that was checked before.
    pub(crate) fn trusted(bytes: &'a [u8], offsets: &'a [u32]) -> Self {
        Self { bytes, offsets }
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of `id`.
    pub fn find(&self, id: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.raw(middle).cmp(id.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle as u32),
            }
        }
        None
    }

    /// The row of the last id that is `id` or sorts before it.
    pub(crate) fn last_up_to(&self, id: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.raw(middle) <= id.as_bytes() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// The id of `row`, or an empty string if there is no such row.
    pub fn id(&self, row: usize) -> &'a str {
        if row < self.len() { std::str::from_utf8(self.raw(row)).unwrap_or_default() } else { "" }
    }

    /// All ids in row order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a str> {
        let table = *self;
        (0..table.len()).map(move |row| table.id(row))
    }

    fn raw(&self, row: usize) -> &'a [u8] {
        &self.bytes[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Sorted ids in owned memory. The row of an id is its position in byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    bytes: Vec<u8>,
    offsets: Vec<u32>,
}

impl Ids {
    /// Sorts `ids`, and removes duplicates and empty ids.
    ///
    /// # Panics
    /// If the total length of the ids is more than 4 GiB.
    pub fn new<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut sorted: Vec<&str> = ids.into_iter().filter(|id| !id.is_empty()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut bytes = Vec::with_capacity(sorted.iter().map(|id| id.len()).sum());
        assert!(u32::try_from(bytes.capacity()).is_ok(), "the total length of the ids is more than 4 GiB");
        let mut offsets = Vec::with_capacity(sorted.len() + 1);
        offsets.push(0);
        for id in sorted {
            bytes.extend_from_slice(id.as_bytes());
            offsets.push(bytes.len() as u32);
        }
        Self { bytes, offsets }
    }

    /// No ids yet, with memory for this many.
    pub(crate) fn with_capacity(ids: usize) -> Self {
        const USUAL_LENGTH: usize = 8;
        let mut offsets = Vec::with_capacity(ids + 1);
        offsets.push(0);
        Self { bytes: Vec::with_capacity(ids.saturating_mul(USUAL_LENGTH)), offsets }
    }

    /// Adds an id that sorts after all others. Returns `false` and adds nothing if it does not.
    pub(crate) fn push_last(&mut self, id: &str) -> bool {
        let table = self.table();
        let previous = table.len().checked_sub(1).map_or(&[][..], |row| table.raw(row));
        let is_last = previous < id.as_bytes();
        let end = u32::try_from(self.bytes.len() + id.len());
        let (true, Ok(end)) = (is_last, end) else { return false };
        self.bytes.extend_from_slice(id.as_bytes());
        self.offsets.push(end);
        true
    }

    /// The ids as a table to search.
    pub fn table(&self) -> IdTable<'_> {
        IdTable::trusted(&self.bytes, &self.offsets)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn offsets(&self) -> &[u32] {
        &self.offsets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_id_is_found_at_its_rank(mut texts in prop::collection::vec(".{1,6}", 0..40)) {
            let ids = Ids::new(texts.iter().map(String::as_str));
            texts.sort_unstable();
            texts.dedup();
            let table = IdTable::checked(ids.bytes(), ids.offsets()).unwrap();
            prop_assert_eq!(table.len(), texts.len());
            for (row, text) in texts.iter().enumerate() {
                prop_assert_eq!(table.find(text), Some(row as u32));
                prop_assert_eq!(table.id(row), text);
            }
        }
    }

    #[test]
    fn the_last_id_up_to_another_is_found() {
        let ids = Ids::new(["10", "2", "30"]);
        let expected =
            [("", None), ("1", None), ("10", Some(0)), ("11", Some(0)), ("2", Some(1)), ("4", Some(2))];
        for (id, row) in expected {
            assert_eq!(ids.table().last_up_to(id), row, "{id}");
        }
        assert_eq!(Ids::new([]).table().last_up_to("1"), None);
    }

    #[test]
    fn absent_ids_have_no_row() {
        let ids = Ids::new(["10", "2", "30"]);
        for absent in ["", "1", "100", "3", "4"] {
            assert_eq!(ids.table().find(absent), None, "{absent}");
        }
        assert_eq!(ids.table().id(3), "");
        assert!(Ids::new([]).table().is_empty() && !ids.table().is_empty());
    }

    #[test]
    fn ids_are_added_in_order_alone() {
        let mut ids = Ids::with_capacity(0);
        let added = ["", "10", "10", "1", "", "2", "10"].map(|id| ids.push_last(id));
        assert_eq!(added, [false, true, false, false, false, true, false]);
        assert_eq!(ids, Ids::new(["2", "10"]));
    }

    #[test]
    fn lying_tables_are_refused() {
        let refused = |bytes: &[u8], offsets: &[u32]| IdTable::checked(bytes, offsets).unwrap_err();
        assert_eq!(refused(b"ab", &[]), IdTableError::Offsets);
        assert_eq!(refused(b"ab", &[0, 1]), IdTableError::Offsets);
        assert_eq!(refused(b"ab", &[0, 2, 1, 2]), IdTableError::Offsets);
        assert_eq!(refused(b"ba", &[0, 1, 2]), IdTableError::Order(1));
        assert_eq!(refused(b"aa", &[0, 1, 2]), IdTableError::Order(1));
        assert_eq!(refused(b"a", &[0, 0, 1]), IdTableError::Order(0));
        assert_eq!(refused("é".as_bytes(), &[0, 1, 2]), IdTableError::Encoding(0));
    }
}
