//! The ratings by user: of all users, or of some.
//!
//! A rating takes six bytes. It is kept as the difference from the mean in whole [`STEPS`], so sums over ratings are exact.

use std::ops::Range;

use super::facts::{Facts, STEPS};
use crate::ratings::Rating;
use crate::state::{StateError, StateReader, StateWriter};

/// The most ratings of a block, unless it is a single user. Larger blocks take more memory. In smaller ones, each movie has
/// fewer ratings, and its sums are fetched for fewer of them.
const BLOCK_RATINGS: usize = 1 << 18;
/// Blocks for each thread, if there are enough ratings, so that all threads end at about the same time.
const BLOCKS_PER_THREAD: usize = 4;

/// The ratings by user, each user's by movie.
pub(crate) struct Layout {
    movies: Vec<u32>,
    values: Vec<i16>,
    /// Where each user's ratings begin, and the last one's end.
    starts: Vec<usize>,
    /// The number of ratings of each movie.
    movie_counts: Vec<u32>,
}

/// A rating as a user's regression sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Observation {
    pub(super) movie: u32,
    /// The rating minus the mean, in steps.
    pub(super) steps: i16,
}

impl Observation {
    /// The rating minus the mean.
    #[inline(always)]
    pub(super) fn value(self) -> f32 {
        f32::from(self.steps) / STEPS
    }
}

impl Layout {
    /// These ratings of whole users, in any order. `facts` are those of all ratings, of which these may be a part.
    pub(crate) fn new(user_count: usize, ratings: &[Rating], facts: &Facts) -> Self {
        let mut starts = vec![0; user_count + 1];
        for rating in ratings {
            starts[rating.user.index() + 1] += 1;
        }
        for user in 1..starts.len() {
            starts[user] += starts[user - 1];
        }
        let mut layout = Self {
            movies: vec![0; ratings.len()],
            values: vec![0; ratings.len()],
            starts,
            movie_counts: counts(facts.movie_count(), ratings.iter().map(|rating| rating.movie.0)),
        };
        layout.fill(ratings, facts.mean);
        layout
    }

    fn fill(&mut self, ratings: &[Rating], mean: f32) {
        let mut next = self.starts.clone();
        for rating in ratings {
            let place = &mut next[rating.user.index()];
            self.movies[*place] = rating.movie.0;
            self.values[*place] = ((rating.value - mean) * STEPS).round() as i16;
            *place += 1;
        }
        drop(next);
        let mut sorted = Vec::new();
        for user in 0..self.user_count() {
            let own = self.places(user);
            if self.movies[own.clone()].is_sorted() {
                continue;
            }
            sorted.clear();
            self.extend(&mut sorted, user);
            sorted.sort_unstable_by_key(|observation| observation.movie);
            for (place, observation) in own.zip(&sorted) {
                self.movies[place] = observation.movie;
                self.values[place] = observation.steps;
            }
        }
    }

    /// Writes the ratings.
    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.movie_count() as u64);
        state.long_numbers(self.starts.iter().map(|&start| start as u64));
        state.whole_numbers(self.movies.iter().copied());
        state.short_numbers(self.values.iter().map(|value| value.cast_unsigned()));
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(crate) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let too_many = |_| StateError::new("it has too many movies".to_owned());
        let movie_count = u32::try_from(state.number()?).map_err(too_many)? as usize;
        let starts: Vec<usize> = state.long_numbers()?.into_iter().map(|start| start as usize).collect();
        let movies = state.whole_numbers()?;
        let values: Vec<i16> = state.short_numbers()?.into_iter().map(u16::cast_signed).collect();
        let is_whole = starts.is_sorted()
            && starts.first() == Some(&0)
            && starts.last() == Some(&movies.len())
            && values.len() == movies.len()
            && movies.iter().all(|&movie| (movie as usize) < movie_count);
        if is_whole {
            let movie_counts = counts(movie_count, movies.iter().copied());
            Ok(Self { movies, values, starts, movie_counts })
        } else {
            Err(StateError::new("its ratings do not fit".to_owned()))
        }
    }

    /// The number of user rows.
    pub(super) fn user_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of movie rows.
    pub(crate) fn movie_count(&self) -> usize {
        self.movie_counts.len()
    }

    /// The number of ratings of each movie.
    pub(super) fn movie_counts(&self) -> &[u32] {
        &self.movie_counts
    }

    /// The number of ratings of a user.
    pub(super) fn count(&self, user: usize) -> usize {
        self.starts[user + 1] - self.starts[user]
    }

    /// The number of ratings.
    pub(crate) fn rating_count(&self) -> usize {
        self.movies.len()
    }

    /// Appends the ratings of a user, by movie.
    pub(super) fn extend(&self, observations: &mut Vec<Observation>, user: usize) {
        let own = self.places(user);
        let pairs = self.movies[own.clone()].iter().zip(&self.values[own]);
        observations.extend(pairs.map(|(&movie, &steps)| Observation { movie, steps }));
    }

    fn places(&self, user: usize) -> Range<usize> {
        self.starts[user]..self.starts[user + 1]
    }

    /// All users in blocks of consecutive rows. Results do not depend on how they are cut.
    pub(super) fn blocks(&self) -> Vec<Range<usize>> {
        let share = self.rating_count() / (BLOCKS_PER_THREAD * rayon::current_num_threads());
        let most_ratings = share.clamp(1, BLOCK_RATINGS);
        let mut blocks = Vec::new();
        let mut start = 0;
        for user in 0..self.user_count() {
            let ratings = self.starts[user + 1] - self.starts[start];
            if ratings > most_ratings && user > start {
                blocks.push(start..user);
                start = user;
            }
        }
        blocks.push(start..self.user_count());
        blocks
    }
}

/// The number of ratings of each movie.
fn counts(movie_count: usize, rated: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut counts = vec![0; movie_count];
    rated.for_each(|movie| counts[movie as usize] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::vb::facts::Counts;
    use matinee_model::{MovieRow, UserRow};

    #[test]
    fn ratings_in_any_order_are_the_same_layout() {
        let rating = |(user, movie, value)| Rating { user: UserRow(user), movie: MovieRow(movie), value };
        let ratings = [(2, 1, 4.0), (0, 3, 2.5), (0, 0, 5.0), (2, 0, 0.5)].map(rating);
        let facts = Facts::from(Counts::of(4, 5, ratings.iter().copied()));
        assert_eq!((facts.mean, facts.movie_count()), (3.0, 5));
        let layout = Layout::new(4, &ratings, &facts);
        let mut observations = Vec::new();
        (0..4).for_each(|user| layout.extend(&mut observations, user));
        let found: Vec<(u32, f32)> =
            observations.iter().map(|observation| (observation.movie, observation.value())).collect();
        assert_eq!(found, [(0, 2.0), (3, -0.5), (0, -2.5), (1, 1.0)]);
        assert_eq!(layout.blocks().iter().map(ExactSizeIterator::len).sum::<usize>(), 4);
    }
}
