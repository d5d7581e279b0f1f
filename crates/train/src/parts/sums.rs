//! What passes over blocks have added up. The sums of several blocks are added to those of all.

use std::ops::Range;

use super::PartError;
use super::message::Message;
use super::packed_rows::PackedRows;
use super::pass::Pass;
use super::tally::Tally;
use crate::algorithms::vb::{self, Counts, Passed};
use crate::state::{StateError, StateReader, StateWriter};

/// The sums of more blocks are merged, so that memory does not grow with their number.
const MOST_APART: usize = 8;

/// What one pass over some blocks has added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    pub(super) pass: Pass,
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

/// The sums of messages. Those of a few blocks are kept apart until they are read or written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Messages {
    /// The number of ratings that the pass was over.
    rating_count: u64,
    /// The sums of the movies that got any, of each block.
    blocks: Vec<PackedRows>,
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
                if own.width() == other.width() && own.totals.len() == other.totals.len() =>
            {
                own.rating_count += other.rating_count;
                own.blocks.extend(other.blocks);
                if own.blocks.len() > MOST_APART {
                    own.blocks = vec![PackedRows::merged(&own.blocks)];
                }
                let totals = own.totals.iter_mut().zip(other.totals);
                totals.for_each(|(total, more)| *total = total.wrapping_add(more));
            }
            _ => return Err(PartError::OtherPass),
        }
        Ok(())
    }
}

impl Messages {
    /// What a pass over so many ratings has added up.
    pub(super) fn new(Passed { sums, totals }: Passed, rating_count: u64) -> Self {
        let mut rows = PackedRows::new(sums.width());
        let mut movie = 0;
        sums.for_each(|row| {
            if row.iter().any(|&sum| sum != 0) {
                rows.push(movie, row);
            }
            movie += 1;
        });
        Self { rating_count, blocks: vec![rows], totals }
    }

    /// The number of sums of each movie.
    fn width(&self) -> usize {
        self.blocks[0].width()
    }

    /// The sums of all movies, which have so many ratings. `lengths` are those that the pass should have, and `expected` is the
    /// number of all ratings.
    pub(super) fn all(
        self,
        movie_counts: &[u32],
        lengths: [usize; 2],
        expected: u64,
    ) -> Result<Passed, PartError> {
        let fits = lengths == [self.width(), self.totals.len()]
            && self
                .blocks
                .iter()
                .all(|rows| rows.movies().all(|movie| (movie as usize) < movie_counts.len()));
        if !fits {
            return Err(PartError::OtherPass);
        }
        if self.rating_count != expected {
            return Err(PartError::OtherRatings { expected, found: self.rating_count });
        }
        let write = |movies: Range<usize>, to: &mut [i64]| {
            self.blocks.iter().for_each(|rows| rows.add_to(movies.clone(), to));
        };
        let sums = vb::Sums::of(movie_counts, lengths[0], write).ok_or(PartError::OtherPass)?;
        Ok(Passed { sums, totals: self.totals })
    }
}

impl Message for Sums {
    const KIND: &'static str = "sums";

    fn headline(&self) -> String {
        format!("pass {}", self.pass.number)
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.pass.save(state);
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
            Added::Messages(Messages { rating_count, blocks, totals }) => {
                state.number(2);
                state.number(*rating_count);
                match &blocks[..] {
                    [rows] => rows.save(state),
                    several => PackedRows::merged(several).save(state),
                }
                state.long_numbers(totals.iter().map(|total| total.cast_unsigned()));
            }
        }
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        let pass = Pass::restore(state)?;
        let added = match state.number()? {
            0 => Added::Tally(Tally::restore(state)?),
            1 => Added::Counts { counts: Counts::restore(state)?, held_out: state.whole_numbers()? },
            2 => Added::Messages(restore_messages(state)?),
            other => return Err(StateError::new(format!("{other} is not a kind of sums")).into()),
        };
        Ok(Self { pass, added })
    }
}

fn restore_messages(state: &mut StateReader<'_>) -> Result<Messages, StateError> {
    let rating_count = state.number()?;
    let blocks = vec![PackedRows::restore(state)?];
    let totals = state.long_numbers()?.into_iter().map(u64::cast_signed).collect();
    Ok(Messages { rating_count, blocks, totals })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(rows: &[(u32, i64)], total: i64) -> Sums {
        let mut of_movies = PackedRows::new(2);
        for &(movie, sum) in rows {
            of_movies.push(movie, &[sum, -sum]);
        }
        let messages = Messages { rating_count: total as u64, blocks: vec![of_movies], totals: vec![total] };
        Sums { pass: Pass { number: 3, is_measured: false }, added: Added::Messages(messages) }
    }

    fn written(sums: &Sums) -> Vec<u8> {
        let mut bytes = Vec::new();
        sums.write(&mut bytes).unwrap();
        bytes
    }

    fn all(
        sums: Sums,
        movie_counts: &[u32],
        lengths: [usize; 2],
        expected: u64,
    ) -> Result<Vec<i64>, PartError> {
        let Added::Messages(messages) = sums.added else { panic!("messages") };
        let mut numbers = Vec::new();
        messages.all(movie_counts, lengths, expected)?.sums.for_each(|row| numbers.extend_from_slice(row));
        Ok(numbers)
    }

    #[test]
    fn sums_are_added_up_before_or_after_they_are_written() {
        let mut sums = messages(&[(0, 2), (2, 1 << 40)], 5);
        sums.add(messages(&[(1, -7), (2, 3)], 6)).unwrap();
        let read = Sums::read(&written(&sums)).unwrap();
        assert_eq!(read, messages(&[(0, 2), (1, -7), (2, (1 << 40) + 3)], 11));
        let third = (1 << 40) + 3;
        let expected = [2, -2, -7, 7, third, -third, 0, 0];
        assert_eq!(all(sums, &[1 << 30; 4], [2, 1], 11).unwrap(), expected);
        assert_eq!(all(read, &[1 << 30; 4], [2, 1], 11).unwrap(), expected);
    }

    #[test]
    fn the_sums_of_many_blocks_are_merged() {
        let mut sums = messages(&[(0, 1)], 1);
        for _ in 0..MOST_APART {
            sums.add(messages(&[(0, 1)], 1)).unwrap();
        }
        assert_eq!(sums, messages(&[(0, 9)], 9));
    }

    #[test]
    fn sums_of_another_pass_are_refused() {
        let mut sums = messages(&[(1, 2)], 0);
        for pass in [Pass { number: 4, is_measured: false }, Pass { number: 3, is_measured: true }] {
            assert!(matches!(sums.add(Sums { pass, ..sums.clone() }), Err(PartError::OtherPass)));
        }
        assert!(matches!(all(sums.clone(), &[1; 2], [2, 2], 0), Err(PartError::OtherPass)));
        assert!(matches!(all(sums.clone(), &[1], [2, 1], 0), Err(PartError::OtherPass)));
        let other = all(sums, &[1; 2], [2, 1], 7);
        assert!(matches!(other, Err(PartError::OtherRatings { expected: 7, found: 0 })));
        let too_large = messages(&[(0, 1 << 40)], 0);
        assert!(matches!(all(too_large, &[1], [2, 1], 0), Err(PartError::OtherPass)));
    }
}
