//! Rows of whole numbers, in as few bytes as they need.

use std::ops::Range;

use crate::state::{StateError, StateReader, StateWriter};

/// The numbers in a group. All of them have as many bytes as the largest one needs.
const GROUP: usize = 16;
/// The bytes of an `i64`.
const MOST_BYTES: usize = size_of::<i64>();

/// The rows of some movies, ascending.
///
/// A row is written in groups of numbers: a byte that says how many bytes each number has, and the lower bytes of the numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PackedRows {
    /// The number of numbers in a row.
    width: usize,
    movies: Vec<u32>,
    /// Where each row begins, and the last one ends.
    starts: Vec<usize>,
    bytes: Vec<u8>,
}

impl PackedRows {
    /// No rows.
    pub(super) fn new(width: usize) -> Self {
        Self { width, movies: Vec::new(), starts: vec![0], bytes: Vec::new() }
    }

    /// The number of numbers in a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The movies that have a row.
    pub(super) fn movies(&self) -> impl Iterator<Item = u32> {
        self.movies.iter().copied()
    }

    /// Appends the row of a movie, which must come after the others.
    pub(super) fn push(&mut self, movie: u32, row: &[i64]) {
        for group in row.chunks(GROUP) {
            let count = byte_count(group);
            self.bytes.push(count as u8);
            match count {
                0 => {}
                1 => push_group::<1>(&mut self.bytes, group),
                2 => push_group::<2>(&mut self.bytes, group),
                3 => push_group::<3>(&mut self.bytes, group),
                4 => push_group::<4>(&mut self.bytes, group),
                _ => push_group::<MOST_BYTES>(&mut self.bytes, group),
            }
        }
        self.movies.push(movie);
        self.starts.push(self.bytes.len());
    }

    /// Adds the rows of these movies to the numbers of all of them.
    pub(super) fn add_to(&self, movies: Range<usize>, numbers: &mut [i64]) {
        let mut index = self.movies.partition_point(|&movie| (movie as usize) < movies.start);
        while let Some(movie) = self.movies.get(index).map(|&movie| movie as usize)
            && movie < movies.end
        {
            self.add_row(index, &mut numbers[(movie - movies.start) * self.width..][..self.width]);
            index += 1;
        }
    }

    /// Adds a row to the numbers.
    fn add_row(&self, index: usize, numbers: &mut [i64]) {
        let mut bytes = &self.bytes[self.starts[index]..self.starts[index + 1]];
        for numbers in numbers.chunks_mut(GROUP) {
            let (count, rest) = (usize::from(bytes[0]), &bytes[1..]);
            let (group, rest) = rest.split_at(count * numbers.len());
            bytes = rest;
            match count {
                0 => {}
                1 => add_group::<1>(group, numbers),
                2 => add_group::<2>(group, numbers),
                3 => add_group::<3>(group, numbers),
                4 => add_group::<4>(group, numbers),
                _ => add_group::<MOST_BYTES>(group, numbers),
            }
        }
    }

    /// The sums of the rows of each movie. All must have the same width.
    pub(super) fn merged(all: &[Self]) -> Self {
        let width = all.first().map_or(0, Self::width);
        let mut merged = Self::new(width);
        let mut next = vec![0; all.len()];
        let mut numbers = Vec::new();
        loop {
            let ahead = |(rows, &next): (&Self, &usize)| rows.movies.get(next).copied();
            let Some(movie) = all.iter().zip(&next).filter_map(ahead).min() else { return merged };
            numbers.clear();
            numbers.resize(width, 0);
            for (rows, next) in all.iter().zip(&mut next) {
                if rows.movies.get(*next) == Some(&movie) {
                    rows.add_row(*next, &mut numbers);
                    *next += 1;
                }
            }
            merged.push(movie, &numbers);
        }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.width as u64);
        state.whole_numbers(self.movies.iter().copied());
        state.byte_string(&self.bytes);
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let width = state.number()? as usize;
        let movies = state.whole_numbers()?;
        let bytes = state.byte_string()?;
        let does_not_fit = || StateError::new("its rows do not fit".to_owned());
        let starts = starts(&bytes, movies.len(), width).ok_or_else(does_not_fit)?;
        if width == 0 || !movies.is_sorted_by(|one, next| one < next) {
            return Err(does_not_fit());
        }
        Ok(Self { width, movies, starts, bytes })
    }
}

/// Where each row begins, and the last one ends, if the bytes are those of so many rows.
fn starts(bytes: &[u8], row_count: usize, width: usize) -> Option<Vec<usize>> {
    let mut starts = vec![0];
    let mut place = 0;
    for _ in 0..row_count {
        let mut left = width;
        while left > 0 {
            let (count, length) = (usize::from(*bytes.get(place)?), left.min(GROUP));
            if !matches!(count, 0..=4 | MOST_BYTES) {
                return None;
            }
            place += 1 + count * length;
            left -= length;
        }
        starts.push(place);
    }
    (place == bytes.len()).then_some(starts)
}

/// The bytes that each number of a group needs: at most four, or all.
fn byte_count(group: &[i64]) -> usize {
    if group.iter().all(|&number| number == 0) {
        return 0;
    }
    // Negative numbers need as many bits as their complement.
    let bits = group.iter().fold(0, |bits, &number| bits | (number ^ (number >> (i64::BITS - 1))));
    let count = (i64::BITS - bits.leading_zeros() + 1).div_ceil(u8::BITS) as usize;
    if count <= 4 { count } else { MOST_BYTES }
}

fn push_group<const BYTES: usize>(bytes: &mut Vec<u8>, group: &[i64]) {
    let mut written = [[0; BYTES]; GROUP];
    for (to, number) in written.iter_mut().zip(group) {
        to.copy_from_slice(&number.to_le_bytes()[..BYTES]);
    }
    bytes.extend_from_slice(written[..group.len()].as_flattened());
}

fn add_group<const BYTES: usize>(bytes: &[u8], numbers: &mut [i64]) {
    for (number, lower) in numbers.iter_mut().zip(bytes.as_chunks::<BYTES>().0) {
        let mut all = [0; MOST_BYTES];
        all[MOST_BYTES - BYTES..].copy_from_slice(lower);
        // The sign is that of the highest byte. Sums that a pass has computed do not overflow.
        let more = i64::from_le_bytes(all) >> (u8::BITS as usize * (MOST_BYTES - BYTES));
        *number = number.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    const WIDTH: usize = GROUP + 1;

    /// Numbers around the ends of some numbers of bytes.
    fn numbers() -> impl Strategy<Value = i64> {
        let near =
            |end: i64| (end - 2..end + 2).prop_flat_map(|number| prop_oneof![Just(number), Just(-number)]);
        prop_oneof![Just(0), near(1 << 7), near(1 << 15), near(1 << 23), near(1 << 31), near(1 << 55)]
    }

    fn rows_of_movies() -> impl Strategy<Value = BTreeMap<u32, Vec<i64>>> {
        prop::collection::btree_map(0_u32..20, prop::collection::vec(numbers(), WIDTH), 0..12)
    }

    fn rows(of_movies: &BTreeMap<u32, Vec<i64>>) -> PackedRows {
        let mut rows = PackedRows::new(WIDTH);
        for (&movie, row) in of_movies {
            rows.push(movie, row);
        }
        rows
    }

    fn read(bytes: &[u8]) -> Result<PackedRows, StateError> {
        let mut reader = StateReader::new(bytes, bytes.len() as u64);
        let rows = PackedRows::restore(&mut reader)?;
        reader.finish().map(|()| rows)
    }

    fn written(rows: &PackedRows) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = StateWriter::new(&mut bytes);
        rows.save(&mut writer);
        writer.finish().unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn rows_are_read_back_and_added_up(one in rows_of_movies(), other in rows_of_movies()) {
            let mut expected = one.clone();
            for (&movie, row) in &other {
                let sums = expected.entry(movie).or_insert_with(|| vec![0; WIDTH]);
                sums.iter_mut().zip(row).for_each(|(sum, more)| *sum += more);
            }
            let merged = PackedRows::merged(&[rows(&one), rows(&other)]);
            prop_assert_eq!(&merged, &rows(&expected));
            prop_assert_eq!(&read(&written(&merged)).unwrap(), &merged);
            let mut sums = vec![1; 7 * WIDTH];
            merged.add_to(5..12, &mut sums);
            for (movie, sums) in (5..).zip(sums.chunks_exact(WIDTH)) {
                let row = expected.get(&movie).cloned().unwrap_or_else(|| vec![0; WIDTH]);
                prop_assert_eq!(sums, row.iter().map(|sum| sum + 1).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let bytes = written(&rows(&[(3, vec![300; WIDTH]), (5, vec![-1; WIDTH])].into()));
        assert!(read(&bytes).is_ok());
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        // Width, number of movies, and both movies come before the number of bytes.
        let first = 8 + 8 + 2 * 4 + 8;
        assert_eq!(bytes[first], 2);
        for other in [0, 1, 3, 5, 255] {
            let mut bytes = bytes.clone();
            bytes[first] = other;
            assert!(read(&bytes).is_err(), "{other}");
        }
        // Without rows, any width is read, and takes no memory.
        let none = PackedRows::new(usize::MAX);
        assert_eq!(PackedRows::merged(&[none.clone(), none.clone()]), none);
        let mut twice = rows(&[(3, vec![0; WIDTH])].into());
        twice.push(3, &[0; WIDTH]);
        assert!(read(&written(&twice)).is_err());
    }
}
