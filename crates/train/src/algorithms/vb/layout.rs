//! What does not change in a run: the ratings by user, and how many ratings each movie has.
//!
//! A rating takes six bytes. It is kept as the difference from the mean in whole [`STEPS`], so sums over ratings are exact.

use std::ops::Range;

use crate::algorithm::Training;
use crate::ratings::Rating;

/// A star has this many steps. Ratings, and their mean, are rounded to them.
pub(super) const STEPS: f32 = 4096.0;
/// The most ratings of a block, unless it is a single user. Larger blocks take more memory. In smaller ones, each movie has
/// fewer ratings, and its sums are fetched for fewer of them.
const BLOCK_RATINGS: usize = 1 << 18;
/// Blocks for each thread, if there are enough ratings, so that all threads end at about the same time.
const BLOCKS_PER_THREAD: usize = 4;

/// The ratings by user, each user's by movie.
pub(super) struct Layout {
    movies: Vec<u32>,
    values: Vec<i16>,
    /// Where each user's ratings begin, and the last one's end.
    starts: Vec<usize>,
    /// The number of ratings of each movie.
    pub(super) movie_counts: Vec<u32>,
    /// The mean of the ratings.
    pub(super) mean: f32,
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
    pub(super) fn new(training: &Training<'_>) -> Self {
        let ratings = training.ratings;
        let mut starts = vec![0; training.user_count + 1];
        let mut movie_counts = vec![0; training.movie_count];
        for rating in ratings {
            starts[rating.user.index() + 1] += 1;
            movie_counts[rating.movie.index()] += 1;
        }
        for user in 1..starts.len() {
            starts[user] += starts[user - 1];
        }
        let mean = (training.mean() as f32 * STEPS).round() / STEPS;
        let mut layout = Self {
            movies: vec![0; ratings.len()],
            values: vec![0; ratings.len()],
            starts,
            movie_counts,
            mean,
        };
        layout.fill(ratings);
        layout
    }

    fn fill(&mut self, ratings: &[Rating]) {
        let mut next = self.starts.clone();
        for rating in ratings {
            let place = &mut next[rating.user.index()];
            self.movies[*place] = rating.movie.0;
            self.values[*place] = ((rating.value - self.mean) * STEPS).round() as i16;
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

    /// The number of user rows.
    pub(super) fn user_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of movie rows.
    pub(super) fn movie_count(&self) -> usize {
        self.movie_counts.len()
    }

    /// The number of ratings of a user.
    pub(super) fn count(&self, user: usize) -> usize {
        self.starts[user + 1] - self.starts[user]
    }

    /// The number of ratings.
    pub(super) fn rating_count(&self) -> usize {
        self.movies.len()
    }

    /// The most ratings of a user.
    pub(super) fn largest_count(&self) -> usize {
        (0..self.user_count()).map(|user| self.count(user)).max().unwrap_or(0)
    }

    /// The number of users with ratings.
    pub(super) fn rater_count(&self) -> usize {
        (0..self.user_count()).filter(|&user| self.count(user) > 0).count()
    }

    /// The sum of the squares of the ratings minus the mean.
    pub(super) fn squares(&self) -> f64 {
        let squares: i64 = self.values.iter().map(|&steps| i64::from(steps) * i64::from(steps)).sum();
        squares as f64 / f64::from(STEPS * STEPS)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::MovieAttributes;
    use matinee_model::{MovieRow, RatingScale, UserRow};

    #[test]
    fn ratings_in_any_order_are_the_same_layout() {
        let rating = |(user, movie, value)| Rating { user: UserRow(user), movie: MovieRow(movie), value };
        let ratings = [(2, 1, 4.0), (0, 3, 2.5), (0, 0, 5.0), (2, 0, 0.5)].map(rating);
        let training = Training {
            user_count: 4,
            movie_count: 5,
            ratings: &ratings,
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 0,
        };
        let layout = Layout::new(&training);
        assert_eq!((layout.mean, layout.rater_count(), layout.largest_count()), (3.0, 2, 2));
        assert_eq!(layout.movie_counts, [2, 1, 0, 1, 0]);
        assert_eq!(layout.squares(), 1.0 + 0.25 + 4.0 + 6.25);
        let mut observations = Vec::new();
        (0..4).for_each(|user| layout.extend(&mut observations, user));
        let found: Vec<(u32, f32)> =
            observations.iter().map(|observation| (observation.movie, observation.value())).collect();
        assert_eq!(found, [(0, 2.0), (3, -0.5), (0, -2.5), (1, 1.0)]);
        assert_eq!(layout.blocks().iter().map(ExactSizeIterator::len).sum::<usize>(), 4);
    }
}
