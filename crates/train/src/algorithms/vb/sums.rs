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
///
/// Those of the most rated movies, which come first, have 64 bits. The others have 32, which take less memory, and are added
/// faster. Each kind is one piece of memory, which goes back to the system as a whole.
pub(crate) struct Sums {
    width: usize,
    long: Vec<i64>,
    short: Vec<i32>,
}

/// Sums that threads add to.
pub(super) struct Shared<'a> {
    width: usize,
    pub(super) stripes: Vec<Mutex<Stripe<'a>>>,
}

/// The sums of the movies of a stripe.
pub(super) enum Stripe<'a> {
    Long(&'a mut [i64]),
    Short(&'a mut [i32]),
}

impl Shared<'_> {
    /// The length of the sums of a movie.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The movies of a stripe. `movie_count` is the number of all movies.
    pub(super) fn movies(stripe: usize, movie_count: usize) -> Range<usize> {
        stripe * STRIPE..((stripe + 1) * STRIPE).min(movie_count)
    }
}

impl Sums {
    /// The number of movies in a stripe.
    pub(super) const STRIPE: usize = STRIPE;

    /// Zeros for movies with these numbers of ratings.
    pub(super) fn new(rating_counts: &[u32], width: usize) -> Self {
        let is_long = |counts: &[u32]| counts.iter().any(|&count| count > SHORT);
        let long_stripes = rating_counts.chunks(STRIPE).rposition(is_long).map_or(0, |last| last + 1);
        let long = rating_counts.len().min(long_stripes * STRIPE);
        Self { width, long: vec![0; long * width], short: vec![0; (rating_counts.len() - long) * width] }
    }

    /// Sums of movies with these numbers of ratings. `write` gets a range of movies and their sums, which are zeros. `None` if a
    /// sum is too large for so few ratings.
    pub(crate) fn of(
        rating_counts: &[u32],
        width: usize,
        write: impl Fn(Range<usize>, &mut [i64]) + Sync,
    ) -> Option<Self> {
        let mut sums = Self::new(rating_counts, width);
        let stripes = sums.share().stripes;
        let fits = stripes.into_par_iter().enumerate().map_init(Vec::new, |numbers, (stripe, sums)| {
            let movies = Shared::movies(stripe, rating_counts.len());
            numbers.clear();
            numbers.resize(movies.len() * width, 0);
            write(movies, numbers);
            sums.into_inner().unwrap_or_else(PoisonError::into_inner).set(numbers)
        });
        fits.all(|fits| fits).then_some(sums)
    }

    /// Writes zeros to new sums. Otherwise, threads that add to them first read zeros that all new memory shares. Each page is
    /// then replaced when a thread writes to it, and all threads are interrupted.
    pub(super) fn touch(&mut self) {
        let length = STRIPE * self.width;
        self.long.par_chunks_mut(length).for_each(|sums| sums.fill(0));
        self.short.par_chunks_mut(length).for_each(|sums| sums.fill(0));
    }

    /// The sums by stripe, for threads.
    pub(super) fn share(&mut self) -> Shared<'_> {
        let length = STRIPE * self.width;
        let long = self.long.chunks_mut(length).map(Stripe::Long);
        let stripes = long.chain(self.short.chunks_mut(length).map(Stripe::Short)).map(Mutex::new);
        Shared { width: self.width, stripes: stripes.collect() }
    }

    /// The length of the sums of a movie.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Writes the sums of a movie.
    #[inline(always)]
    pub(super) fn write(&self, movie: usize, to: &mut [f64]) {
        let first = movie * self.width;
        if let Some(short) = first.checked_sub(self.long.len()) {
            to.iter_mut().zip(&self.short[short..][..self.width]).for_each(|(to, &sum)| *to = sum.into());
        } else {
            to.iter_mut().zip(&self.long[first..][..self.width]).for_each(|(to, &sum)| *to = sum as f64);
        }
    }

    /// Calls `read` with the sums of each movie.
    pub(crate) fn for_each(&self, mut read: impl FnMut(&[i64])) {
        self.long.chunks_exact(self.width).for_each(&mut read);
        let mut row = vec![0; self.width];
        for short in self.short.chunks_exact(self.width) {
            row.iter_mut().zip(short).for_each(|(to, &sum)| *to = sum.into());
            read(&row);
        }
    }
}

impl Stripe<'_> {
    /// Sets all sums. Returns whether they fit.
    fn set(self, numbers: &[i64]) -> bool {
        match self {
            Self::Long(sums) => {
                sums.copy_from_slice(numbers);
                true
            }
            Self::Short(sums) => sums
                .iter_mut()
                .zip(numbers)
                .all(|(sum, &number)| i32::try_from(number).map(|number| *sum = number).is_ok()),
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
        let lengths = |counts: &[u32]| {
            let mut sums = Sums::new(counts, 2);
            let stripes = sums.share().stripes.len();
            [sums.long.len(), sums.short.len(), stripes]
        };
        assert_eq!(lengths(&[SHORT; STRIPE + 1]), [0, 2 * (STRIPE + 1), 2]);
        assert_eq!(lengths(&[&[0, SHORT + 1][..], &[SHORT; STRIPE]].concat()), [2 * STRIPE, 4, 2]);
        assert_eq!(lengths(&[&[0; STRIPE + 1][..], &[SHORT + 1]].concat()), [2 * (STRIPE + 2), 0, 2]);
        assert_eq!(lengths(&[]), [0; 3]);
    }

    #[test]
    fn short_and_long_sums_are_read_alike() {
        let row = |movie: usize| [i64::try_from(movie).unwrap() - 3, 1 << (movie % 31)];
        let write = |movies: Range<usize>, to: &mut [i64]| {
            to.copy_from_slice(movies.map(row).collect::<Vec<_>>().as_flattened());
        };
        let counts = [[SHORT + 1; STRIPE], [SHORT; STRIPE]].concat();
        let sums = Sums::of(&counts, 2, write).unwrap();
        let (mut movie, mut real) = (0, [0.0; 2]);
        sums.for_each(|found| {
            assert_eq!(found, row(movie));
            sums.write(movie, &mut real);
            assert_eq!(real, row(movie).map(|sum| sum as f64));
            movie += 1;
        });
        assert_eq!(movie, counts.len());
    }

    #[test]
    fn sums_that_do_not_fit_are_refused() {
        let sums = |count: u32, sum: i64| Sums::of(&[count], 1, |_, to| to[0] = sum);
        assert!(sums(1, i64::from(i32::MIN)).is_some() && sums(1, i64::from(i32::MAX) + 1).is_none());
        assert!(sums(SHORT + 1, i64::MAX).is_some());
    }
}
