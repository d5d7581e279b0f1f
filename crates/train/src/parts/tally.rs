//! What the first pass counts, before anything else is known.

use std::collections::BTreeMap;

use super::PartError;
use super::block::Block;
use super::settings::Settings;
use crate::hold_out::{self, Shares};
use crate::state::{StateError, StateReader, StateWriter};

/// The number of ratings of each movie, and how many of them would be held out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tally {
    pub(super) movies: BTreeMap<String, u64>,
    marked: u64,
    /// The smallest share of a rating.
    least: f64,
}

impl Tally {
    pub(super) fn of(block: &Block, settings: &Settings) -> Result<Self, PartError> {
        let shares = shares(block, settings)?;
        let mut counts = vec![0; block.movies.table().len()];
        let (mut marked, mut least) = (0, f64::INFINITY);
        for rating in &block.ratings {
            counts[rating.movie.index()] += 1;
            let share = shares.of(&rating);
            marked += u64::from(share < settings.hold_out);
            least = least.min(share);
        }
        let movies = block.movies.table().iter().map(str::to_owned).zip(counts).collect();
        Ok(Self { movies, marked, least })
    }

    pub(super) fn add(&mut self, other: Self) {
        for (movie, count) in other.movies {
            *self.movies.entry(movie).or_default() += count;
        }
        self.marked += other.marked;
        self.least = self.least.min(other.least);
    }

    pub(super) fn rating_count(&self) -> u64 {
        self.movies.values().sum()
    }

    /// The ratings with shares below this are held out: see [`Dataset::hold_out`](crate::ratings::Dataset::hold_out).
    pub(super) fn held_out_below(&self, fraction: f64) -> f64 {
        if hold_out::is_empty(self.rating_count() as usize, fraction) {
            0.0
        } else if self.marked > 0 {
            fraction
        } else {
            self.least.next_up()
        }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.value(&self.movies);
        state.number(self.marked);
        state.real(self.least);
    }

    pub(super) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Self { movies: state.value()?, marked: state.number()?, least: state.real()? })
    }
}

/// By which the ratings of a block are held out.
pub(super) fn shares(block: &Block, settings: &Settings) -> Result<Shares, PartError> {
    let seed = settings.plan()?.hold_out_seed();
    Ok(Shares::new(block.users.table(), block.movies.table(), seed))
}
