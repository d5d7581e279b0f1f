//! What movies add up of the messages that they get.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::facts::STEP_DIGITS;

/// The movies of a stripe are added up under one lock.
const STRIPE: usize = 16;
/// If a movie has at most this many ratings, its sums fit into 32 bits: the product of a number and a rating, each of 15 digits
/// and a sign, is divided by a star in steps.
const SHORT: u32 = (1 << (31 - (2 * 15 - STEP_DIGITS))) - 1;

/// The sums of the messages, by movie: first those of the plain messages, then those of the rated ones. The latter are
/// multiplied by ratings, and rounded to the unit of the message.
pub(crate) struct Sums {
    width: usize,
    stripes: Vec<Stripe>,
}

/// The sums of the movies of a stripe. Numbers of 32 bits take less memory, and are added faster.
pub(super) enum Stripe {
    Short(Vec<i32>),
    Long(Vec<i64>),
}

/// Sums that threads add to.
pub(super) struct Shared {
    width: usize,
    pub(super) stripes: Vec<Mutex<Stripe>>,
}

impl Shared {
    /// Zeros for movies with these numbers of ratings.
    pub(super) fn new(rating_counts: &[u32], width: usize) -> Self {
        let stripe = |counts: &[u32]| {
            let length = counts.len() * width;
            let is_short = counts.iter().all(|&count| count <= SHORT);
            Mutex::new(if is_short { Stripe::Short(vec![0; length]) } else { Stripe::Long(vec![0; length]) })
        };
        Self { width, stripes: rating_counts.chunks(STRIPE).map(stripe).collect() }
    }

    /// The length of the sums of a movie.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The movies of a stripe. `movie_count` is the number of all movies.
    pub(super) fn movies(stripe: usize, movie_count: usize) -> Range<usize> {
        stripe * STRIPE..((stripe + 1) * STRIPE).min(movie_count)
    }

    /// What was added up.
    pub(super) fn into_sums(self) -> Sums {
        let inner = |stripe: Mutex<Stripe>| stripe.into_inner().unwrap_or_else(PoisonError::into_inner);
        Sums { width: self.width, stripes: self.stripes.into_iter().map(inner).collect() }
    }
}

impl Sums {
    /// Sums of `movie_count` movies. `write` gets a range of movies and their sums, which are zeros.
    pub(crate) fn of(
        movie_count: usize,
        width: usize,
        write: impl Fn(Range<usize>, &mut [i64]) + Sync,
    ) -> Self {
        let stripes =
            (0..movie_count.div_ceil(STRIPE)).into_par_iter().map_init(Vec::new, |numbers, stripe| {
                let movies = Shared::movies(stripe, movie_count);
                numbers.clear();
                numbers.resize(movies.len() * width, 0);
                write(movies, numbers);
                Stripe::of(numbers)
            });
        Self { width, stripes: stripes.collect() }
    }

    /// The length of the sums of a movie.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Calls `read` with the sums of each movie.
    pub(crate) fn for_each(self, mut read: impl FnMut(&[i64])) {
        let width = self.width;
        for stripe in self.stripes {
            stripe.into_long().chunks_exact(width).for_each(&mut read);
        }
    }

    /// The sums of the movies one after another, as a parallel iterator over stripes.
    pub(super) fn into_stripes(self) -> impl IndexedParallelIterator<Item = Stripe> {
        self.stripes.into_par_iter()
    }

    /// The number of movies that [`into_stripes`](Self::into_stripes) has in an item.
    pub(super) const STRIPE: usize = STRIPE;
}

impl Stripe {
    fn of(numbers: &[i64]) -> Self {
        let short: Result<Vec<i32>, _> = numbers.iter().map(|&number| i32::try_from(number)).collect();
        short.map_or_else(|_| Self::Long(numbers.to_vec()), Self::Short)
    }

    /// Writes the sums of a movie, of which there are as many as `to` has places.
    #[inline(always)]
    pub(super) fn write_row(&self, movie: usize, to: &mut [f64]) {
        let place = movie * to.len()..(movie + 1) * to.len();
        match self {
            Self::Short(sums) => to.iter_mut().zip(&sums[place]).for_each(|(to, &sum)| *to = sum.into()),
            Self::Long(sums) => to.iter_mut().zip(&sums[place]).for_each(|(to, &sum)| *to = sum as f64),
        }
    }

    /// All sums.
    pub(super) fn into_long(self) -> Vec<i64> {
        match self {
            Self::Short(sums) => sums.into_iter().map(i64::from).collect(),
            Self::Long(sums) => sums,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_short_as_long_as_they_fit() {
        // The largest product of a number and a rating.
        let largest = (i64::from(i16::MIN) * i64::from(i16::MIN)) >> STEP_DIGITS;
        assert!(largest * i64::from(SHORT) <= i64::from(i32::MAX));
        assert!(largest * i64::from(SHORT + 1) > i64::from(i32::MAX));
        let shared = Shared::new(&[&[SHORT; STRIPE][..], &[0, SHORT + 1]].concat(), 1);
        let is_short = |stripe: &Stripe| matches!(stripe, Stripe::Short(_));
        let found: Vec<bool> = shared.into_sums().stripes.iter().map(is_short).collect();
        assert_eq!(found, [true, false]);
    }

    #[test]
    fn short_and_long_sums_are_read_alike() {
        let rows = [[1, -2], [3, 1 << 20]];
        let sums = |first: i64| {
            Sums::of(2, 2, |movies, to| {
                to.copy_from_slice(rows[movies].as_flattened());
                to[0] = first;
            })
        };
        for first in [i64::from(i32::MIN), 1 << 40] {
            let mut row = [0.0; 2];
            let stripe = sums(first).into_stripes().collect::<Vec<_>>().remove(0);
            stripe.write_row(1, &mut row);
            assert_eq!(row, [3.0, f64::from(1 << 20)]);
            assert_eq!(stripe.into_long(), [first, -2, 3, 1 << 20]);
        }
    }
}
