//! What passes over blocks have added up. The sums of several blocks are added to those of all.

use std::cmp::Ordering;

use super::PartError;
use super::message::Message;
use super::tally::Tally;
use crate::algorithms::vb::{Counts, Passed};
use crate::state::{StateError, StateReader, StateWriter};

/// Marks a number that does not fit into 32 bits.
const LONG: i32 = i32::MIN;

/// What one pass over some blocks has added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// The number of the pass.
    pub(super) pass: u64,
    pub(super) added: Added,
}

/// What was added up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Added {
    Tally(Tally),
    Counts {
        counts: Counts,
        /// The number of held-out ratings of each movie.
        held_out: Vec<u32>,
    },
    Messages(Messages),
}

/// The sums of messages, of movies that got any.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Messages {
    /// The number of ratings that the pass was over.
    rating_count: u64,
    /// The number of sums of each movie.
    width: usize,
    /// The rows of the movies, ascending.
    movies: Vec<u32>,
    /// movies x width
    sums: Vec<i64>,
    totals: Vec<i64>,
}

impl Sums {
    /// Adds the sums of other blocks.
    pub fn add(&mut self, other: Self) -> Result<(), PartError> {
        if self.pass != other.pass {
            return Err(PartError::OtherPass);
        }
        match (&mut self.added, other.added) {
            (Added::Tally(own), Added::Tally(other)) => own.add(other),
            (Added::Counts { counts, held_out }, Added::Counts { counts: more, held_out: more_held_out })
                if counts.movies.len() == more.movies.len() && held_out.len() == more_held_out.len() =>
            {
                counts.add(&more);
                held_out.iter_mut().zip(more_held_out).for_each(|(count, more)| *count += more);
            }
            (Added::Messages(own), Added::Messages(other))
                if own.width == other.width && own.totals.len() == other.totals.len() =>
            {
                own.add(&other);
            }
            _ => return Err(PartError::OtherPass),
        }
        Ok(())
    }
}

impl Messages {
    /// What a pass over so many ratings has added up.
    pub(super) fn new(passed: Passed, rating_count: u64) -> Self {
        let (width, pieces, totals) = passed.into_rows();
        let mut messages = Self { rating_count, width, movies: Vec::new(), sums: Vec::new(), totals };
        let mut movie = 0;
        for piece in pieces {
            for row in piece.chunks_exact(width) {
                if row.iter().any(|&sum| sum != 0) {
                    messages.movies.push(movie);
                    messages.sums.extend_from_slice(row);
                }
                movie += 1;
            }
        }
        messages
    }

    fn add(&mut self, other: &Self) {
        self.rating_count += other.rating_count;
        (self.movies, self.sums) = self.merged(other);
        self.totals.iter_mut().zip(&other.totals).for_each(|(total, more)| *total += more);
    }

    /// The rows of both, which are ascending, and the sums of each.
    fn merged(&self, other: &Self) -> (Vec<u32>, Vec<i64>) {
        let mut movies = Vec::with_capacity(self.movies.len().max(other.movies.len()));
        let mut sums = Vec::with_capacity(self.sums.len().max(other.sums.len()));
        let (mut own, mut others) = (self.rows().peekable(), other.rows().peekable());
        loop {
            let order = match (own.peek(), others.peek()) {
                (Some((one, _)), Some((two, _))) => one.cmp(two),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return (movies, sums),
            };
            let start = sums.len();
            if let Some((movie, row)) = own.next_if(|_| order.is_le()) {
                movies.push(movie);
                sums.extend_from_slice(row);
            }
            if let Some((movie, row)) = others.next_if(|_| order.is_ge()) {
                if order.is_gt() {
                    movies.push(movie);
                    sums.extend_from_slice(row);
                } else {
                    sums[start..].iter_mut().zip(row).for_each(|(sum, more)| *sum += more);
                }
            }
        }
    }

    fn rows(&self) -> impl Iterator<Item = (u32, &[i64])> {
        self.movies.iter().copied().zip(self.sums.chunks_exact(self.width))
    }

    /// The sums of all movies. `lengths` are those that the pass should have, and `expected` is the number of all ratings.
    pub(super) fn all(
        &self,
        movie_count: usize,
        lengths: [usize; 2],
        expected: u64,
    ) -> Result<Passed, PartError> {
        let fits = lengths == [self.width, self.totals.len()]
            && self.movies.iter().all(|&movie| (movie as usize) < movie_count);
        if !fits {
            return Err(PartError::OtherPass);
        }
        if self.rating_count != expected {
            return Err(PartError::OtherRatings { expected, found: self.rating_count });
        }
        Ok(Passed::of_rows(movie_count, self.width, self.rows(), self.totals.clone()))
    }
}

impl Message for Sums {
    const KIND: &'static str = "sums";

    fn headline(&self) -> String {
        format!("pass {}", self.pass)
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.pass);
        match &self.added {
            Added::Tally(tally) => {
                state.number(0);
                tally.save(state);
            }
            Added::Counts { counts, held_out } => {
                state.number(1);
                counts.save(state);
                state.whole_numbers(held_out.iter().copied());
            }
            Added::Messages(Messages { rating_count, width, movies, sums, totals }) => {
                state.number(2);
                state.number(*rating_count);
                state.number(*width as u64);
                state.whole_numbers(movies.iter().copied());
                save_numbers(sums, state);
                state.long_numbers(totals.iter().map(|total| total.cast_unsigned()));
            }
        }
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        let pass = state.number()?;
        let added = match state.number()? {
            0 => Added::Tally(Tally::restore(state)?),
            1 => Added::Counts { counts: Counts::restore(state)?, held_out: state.whole_numbers()? },
            2 => Added::Messages(restore_messages(state)?),
            other => return Err(StateError::new(format!("{other} is not a kind of sums")).into()),
        };
        Ok(Self { pass, added })
    }
}

/// Writes numbers in 32 bits if they fit. Others are marked, and follow in 64 bits.
fn save_numbers(numbers: &[i64], state: &mut StateWriter<'_>) {
    let short = |number: i64| i32::try_from(number).unwrap_or(LONG);
    let long: Vec<u64> = numbers
        .iter()
        .filter(|number| short(**number) == LONG)
        .map(|number| number.cast_unsigned())
        .collect();
    state.whole_numbers(numbers.iter().map(|&number| short(number).cast_unsigned()));
    state.long_numbers(long.into_iter());
}

/// Reads what [`save_numbers`] wrote.
fn restore_numbers(state: &mut StateReader<'_>) -> Result<Vec<i64>, StateError> {
    let (short, long) = (state.whole_numbers()?, state.long_numbers()?);
    let mut long = long.into_iter().map(u64::cast_signed);
    let number = |short: u32| match short.cast_signed() {
        LONG => long.next(),
        short => Some(short.into()),
    };
    let numbers: Option<Vec<i64>> = short.into_iter().map(number).collect();
    match (numbers, long.next()) {
        (Some(numbers), None) => Ok(numbers),
        _ => Err(StateError::new("its numbers do not fit".to_owned())),
    }
}

fn restore_messages(state: &mut StateReader<'_>) -> Result<Messages, StateError> {
    let (rating_count, width) = (state.number()?, state.number()? as usize);
    let movies = state.whole_numbers()?;
    let sums = restore_numbers(state)?;
    let totals: Vec<i64> = state.long_numbers()?.into_iter().map(u64::cast_signed).collect();
    if width == 0
        || Some(sums.len()) != movies.len().checked_mul(width)
        || !movies.is_sorted_by(|one, next| one < next)
    {
        return Err(StateError::new("its rows do not fit".to_owned()));
    }
    Ok(Messages { rating_count, width, movies, sums, totals })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn messages(rows: &[(u32, i64)], total: i64) -> Sums {
        let movies = rows.iter().map(|row| row.0).collect();
        let sums = rows.iter().flat_map(|row| [row.1, -row.1]).collect();
        let messages = Messages { rating_count: total as u64, width: 2, movies, sums, totals: vec![total] };
        Sums { pass: 3, added: Added::Messages(messages) }
    }

    /// Numbers around the ends of 32 bits.
    fn numbers() -> impl Strategy<Value = i64> {
        let end = i64::from(i32::MAX);
        prop_oneof![1..100_i64, end - 2..end + 4, 1_i64 << 40..1 << 50]
    }

    proptest! {
        #[test]
        fn sums_are_those_of_each_movie(
            one in prop::collection::btree_map(0_u32..20, numbers(), 0..12),
            other in prop::collection::btree_map(0_u32..20, numbers(), 0..12),
        ) {
            let rows = |map: &std::collections::BTreeMap<u32, i64>| -> Vec<(u32, i64)> {
                map.iter().map(|(&movie, &sum)| (movie, sum)).collect()
            };
            let mut expected = one.clone();
            for (&movie, &sum) in &other {
                *expected.entry(movie).or_default() += sum;
            }
            let mut found = messages(&rows(&one), 5);
            found.add(messages(&rows(&other), 6)).unwrap();
            prop_assert_eq!(&found, &messages(&rows(&expected), 11));
            let mut bytes = Vec::new();
            found.write(&mut bytes).unwrap();
            prop_assert_eq!(Sums::read(&bytes).unwrap(), found);
        }
    }

    #[test]
    fn numbers_that_are_left_out_or_left_over_are_refused() {
        let read = |short: &[i32], long: &[u64]| {
            let mut bytes = Vec::new();
            let mut writer = StateWriter::new(&mut bytes);
            writer.whole_numbers(short.iter().map(|number| number.cast_unsigned()));
            writer.long_numbers(long.iter().copied());
            writer.finish().unwrap();
            restore_numbers(&mut StateReader::new(&bytes[..], bytes.len() as u64))
        };
        assert_eq!(read(&[3, LONG, -1], &[1 << 40]).unwrap(), [3, 1 << 40, -1]);
        assert!(read(&[3, LONG], &[]).is_err() && read(&[3], &[7]).is_err());
    }

    #[test]
    fn sums_of_another_pass_are_refused() {
        let mut sums = messages(&[(1, 2)], 0);
        let other = Sums { pass: 4, ..sums.clone() };
        assert!(matches!(sums.add(other), Err(PartError::OtherPass)));
        let Added::Messages(messages) = sums.added else { panic!("messages") };
        assert!(matches!(messages.all(2, [2, 2], 0), Err(PartError::OtherPass)));
        assert!(matches!(messages.all(1, [2, 1], 0), Err(PartError::OtherPass)));
        assert!(matches!(messages.all(2, [2, 1], 7), Err(PartError::OtherRatings { expected: 7, found: 0 })));
        let (width, pieces, totals) = messages.all(2, [2, 1], 0).unwrap().into_rows();
        assert_eq!((width, pieces.collect::<Vec<_>>().concat(), totals), (2, vec![0, 0, 2, -2], vec![0]));
    }
}
