//! What all ratings together say before the first epoch. Everything is a whole number, so parts of the ratings can be counted
//! anywhere and added up.

use super::places::Places;
use crate::ratings::Rating;
use crate::state::{StateError, StateReader, StateWriter};

/// A star has this many steps. Ratings, and their mean, are rounded to them.
pub(super) const STEPS: f32 = (1_u32 << STEP_DIGITS) as f32;
/// The binary digits of a star in steps.
pub(super) const STEP_DIGITS: u32 = 12;
/// A star has this many units, of which all ratings from 0.5 to 8 are multiples: they have 24 binary digits.
const UNITS: f64 = (1_u64 << 24) as f64;

/// The counts of some ratings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The number of ratings of each movie.
    pub(crate) movies: Vec<u32>,
    /// The sum of the ratings, in units.
    sum: i64,
    /// The number of users with ratings.
    raters: u64,
    /// The most ratings of a user.
    largest: u64,
}

/// What follows from the counts of all ratings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Facts {
    /// The mean of the ratings, in whole steps.
    pub(super) mean: f32,
    /// The place of each movie row. In all that a run knows, movies are at their places.
    pub(super) places: Places,
    /// The number of ratings of each movie, by place.
    pub(crate) movie_counts: Vec<u32>,
    /// The number of ratings.
    pub(crate) rating_count: usize,
    /// The number of users with ratings.
    pub(super) rater_count: usize,
    /// The most ratings of a user.
    pub(super) largest_count: usize,
}

impl Counts {
    /// Counts the ratings of whole users.
    pub(crate) fn of(user_count: usize, movie_count: usize, ratings: impl Iterator<Item = Rating>) -> Self {
        let (mut users, mut movies, mut sum) = (vec![0_u32; user_count], vec![0; movie_count], 0);
        for rating in ratings {
            users[rating.user.index()] += 1;
            movies[rating.movie.index()] += 1;
            sum += (f64::from(rating.value) * UNITS).round() as i64;
        }
        let raters = users.iter().filter(|&&count| count > 0).count() as u64;
        let largest = users.iter().max().map_or(0, |&count| u64::from(count));
        Self { movies, sum, raters, largest }
    }

    /// Adds the counts of other users.
    pub(crate) fn add(&mut self, other: &Self) {
        self.movies.iter_mut().zip(&other.movies).for_each(|(count, more)| *count += more);
        self.sum += other.sum;
        self.raters += other.raters;
        self.largest = self.largest.max(other.largest);
    }

    /// Whether there are no ratings.
    pub(crate) fn is_empty(&self) -> bool {
        self.raters == 0
    }

    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        state.whole_numbers(self.movies.iter().copied());
        state.number(self.sum.cast_unsigned());
        state.number(self.raters);
        state.number(self.largest);
    }

    pub(crate) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Self {
            movies: state.whole_numbers()?,
            sum: state.number()?.cast_signed(),
            raters: state.number()?,
            largest: state.number()?,
        })
    }
}

impl From<Counts> for Facts {
    fn from(Counts { movies, sum, raters, largest }: Counts) -> Self {
        let rating_count: usize = movies.iter().map(|&count| count as usize).sum();
        let mean = sum as f64 / UNITS / rating_count.max(1) as f64;
        let mean = (mean as f32 * STEPS).round() / STEPS;
        Self::new(mean, &movies, [rating_count, raters as usize, largest as usize])
    }
}

impl Facts {
    fn new(mean: f32, counts_by_row: &[u32], [rating_count, rater_count, largest_count]: [usize; 3]) -> Self {
        let places = Places::of(counts_by_row);
        let movie_counts = places.by_place(counts_by_row);
        Self { mean, places, movie_counts, rating_count, rater_count, largest_count }
    }

    /// The number of movie rows.
    pub(crate) fn movie_count(&self) -> usize {
        self.movie_counts.len()
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.floats(&[self.mean]);
        state.whole_numbers(self.places.by_row(&self.movie_counts, 1).into_iter());
        for count in [self.rating_count, self.rater_count, self.largest_count] {
            state.number(count as u64);
        }
    }

    pub(super) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut mean = [0.0];
        state.floats(&mut mean)?;
        let counts_by_row = state.whole_numbers()?;
        let mut count = || state.number().map(|count| count as usize);
        Ok(Self::new(mean[0], &counts_by_row, [count()?, count()?, count()?]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_model::{MovieRow, UserRow};

    #[test]
    fn parts_are_counted_like_the_whole() {
        let rating = |(user, movie, value)| Rating { user: UserRow(user), movie: MovieRow(movie), value };
        let ratings =
            [(0, 1, 4.0), (1, 1, 0.7), (1, 0, 3.3), (2, 3, 1.1), (2, 0, 5.0), (2, 1, 0.5)].map(rating);
        let count = |ratings: &[Rating]| Counts::of(4, 4, ratings.iter().copied());
        let mut parts = count(&ratings[3..]);
        parts.add(&count(&ratings[..3]));
        assert_eq!(parts, count(&ratings));
        assert!(!parts.is_empty() && count(&[]).is_empty());
        let facts = Facts::from(parts);
        assert_eq!(facts.movie_counts, [3, 2, 1, 0]);
        assert_eq!((facts.rating_count, facts.rater_count, facts.largest_count), (6, 3, 3));
        assert!((facts.mean - 14.6 / 6.0).abs() < 0.5 / STEPS, "{}", facts.mean);
        assert_eq!(facts.mean * STEPS, (facts.mean * STEPS).round());
    }
}
