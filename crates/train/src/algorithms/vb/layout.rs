//! The ratings by user: of all users, or of some.
//!
//! A rating takes about two bytes. It is kept as the difference from the mean in whole [`STEPS`], so sums over ratings are exact.

mod varint;

use std::ops::Range;

use super::facts::{Facts, STEPS};
use crate::ratings::{Rating, Ratings};
use crate::state::{StateError, StateReader, StateWriter};

/// The most ratings of a block, unless it is a single user. Larger blocks take more memory. In smaller ones, each movie has
/// fewer ratings, and its sums are fetched for fewer of them.
const BLOCK_RATINGS: usize = 3 << 17;
/// The most users of a block, whose numbers have 16 bits.
const BLOCK_USERS: usize = 1 << u16::BITS;
/// Blocks for each thread, if there are enough ratings, so that all threads end at about the same time.
const BLOCKS_PER_THREAD: usize = 4;
/// The bytes that a rating takes, about.
const USUAL_BYTES: usize = 2;

/// The ratings by user, each user's by the [place](super::places) of the movie.
pub(crate) struct Layout {
    /// The differences from the mean that occur, in steps, ascending.
    values: Vec<i16>,
    /// A [number](varint) for each rating: how far its movie is from that of the user's rating before, and in the lowest
    /// digits the index of its value.
    bytes: Vec<u8>,
    /// Where each user's bytes begin, and the last one's end.
    starts: Vec<usize>,
    /// The number of ratings of each user.
    counts: Vec<u32>,
    /// The number of ratings of each movie.
    movie_counts: Vec<u32>,
}

/// A rating as a user's regression sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Observation {
    /// The place of the movie.
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
    pub(crate) fn new(user_count: usize, ratings: &Ratings, facts: &Facts) -> Self {
        let observation = |rating: Rating| Observation {
            movie: facts.places.of_row(rating.movie.0),
            steps: ((rating.value - facts.mean) * STEPS).round() as i16,
        };
        let values = values(ratings.iter().map(|rating| observation(rating).steps));
        let mut layout = Self::empty(values, facts.movie_count());
        layout.bytes.reserve(USUAL_BYTES * ratings.len());
        let order = order_by_user(user_count, ratings);
        let rating = |place: usize| ratings.get(order.as_ref().map_or(place, |order| order[place] as usize));
        let (mut place, mut own) = (0, Vec::new());
        for user in 0..user_count {
            own.clear();
            while place < ratings.len() && rating(place).user.index() == user {
                own.push(observation(rating(place)));
                place += 1;
            }
            if !own.is_sorted_by_key(|observation| observation.movie) {
                own.sort_unstable_by_key(|observation| observation.movie);
            }
            layout.push_user(&own);
        }
        layout.bytes.shrink_to_fit();
        layout
    }

    /// No users. `values` are the differences that ratings can have from the mean.
    fn empty(values: Vec<i16>, movie_count: usize) -> Self {
        let (bytes, starts, counts) = (Vec::new(), vec![0], Vec::new());
        Self { values, bytes, starts, counts, movie_counts: vec![0; movie_count] }
    }

    fn push_user(&mut self, ratings: &[Observation]) {
        let digits = self.value_digits();
        let mut before = 0;
        for &Observation { movie, steps } in ratings {
            let value = self.values.partition_point(|&value| value < steps) as u64;
            varint::push(&mut self.bytes, u64::from(movie - before) << digits | value);
            self.movie_counts[movie as usize] += 1;
            before = movie;
        }
        self.starts.push(self.bytes.len());
        self.counts.push(ratings.len() as u32);
    }

    /// The binary digits of the index of a value.
    fn value_digits(&self) -> u32 {
        self.values.len().next_power_of_two().trailing_zeros()
    }

    /// Writes the ratings.
    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.movie_count() as u64);
        state.whole_numbers(self.counts.iter().copied());
        state.short_numbers(self.values.iter().map(|value| value.cast_unsigned()));
        state.byte_string(&self.bytes);
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(crate) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let too_many = |_| StateError::new("it has too many movies".to_owned());
        let movie_count = u32::try_from(state.number()?).map_err(too_many)? as usize;
        let counts = state.whole_numbers()?;
        let values = state.short_numbers()?.into_iter().map(u16::cast_signed).collect();
        let bytes = state.byte_string()?;
        let mut layout = Self { bytes, counts, ..Self::empty(values, movie_count) };
        layout.find_users().ok_or_else(|| StateError::new("its ratings do not fit".to_owned()))?;
        Ok(layout)
    }

    /// Finds where users begin, and counts the ratings of movies. `None` if the bytes are not those of the ratings.
    fn find_users(&mut self) -> Option<()> {
        let digits = self.value_digits();
        let mut rest = self.bytes.as_slice();
        for &count in &self.counts {
            let mut movie = 0_u64;
            for _ in 0..count {
                let number = varint::take(&mut rest)?;
                movie = movie.checked_add(number >> digits)?;
                *self.movie_counts.get_mut(usize::try_from(movie).ok()?)? += 1;
                self.values.get((number & !(u64::MAX << digits)) as usize)?;
            }
            self.starts.push(self.bytes.len() - rest.len());
        }
        rest.is_empty().then_some(())
    }

    /// The number of user rows.
    pub(super) fn user_count(&self) -> usize {
        self.counts.len()
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
    pub(super) fn count(&self, user: usize) -> u32 {
        self.counts[user]
    }

    /// The number of ratings.
    pub(crate) fn rating_count(&self) -> usize {
        self.count_of(0..self.user_count())
    }

    /// The number of ratings of these users.
    pub(super) fn count_of(&self, users: Range<usize>) -> usize {
        self.counts[users].iter().map(|&count| count as usize).sum()
    }

    /// The ratings of a user, by movie.
    #[inline(always)]
    pub(super) fn ratings(&self, user: usize) -> impl Iterator<Item = Observation> + '_ {
        let digits = self.value_digits();
        let mut bytes = &self.bytes[self.starts[user]..self.starts[user + 1]];
        let mut movie = 0;
        std::iter::from_fn(move || {
            let number = varint::take(&mut bytes)?;
            movie += (number >> digits) as u32;
            let steps = self.values[(number & !(u64::MAX << digits)) as usize];
            Some(Observation { movie, steps })
        })
    }

    /// All users in blocks of consecutive rows, for a pass over so many ratings. Results do not depend on how they are cut.
    pub(super) fn blocks(&self, ratings_of_pass: usize) -> Vec<Range<usize>> {
        let share = ratings_of_pass / (BLOCKS_PER_THREAD * rayon::current_num_threads());
        let most_ratings = share.clamp(1, BLOCK_RATINGS);
        let mut blocks = Vec::new();
        let (mut start, mut ratings) = (0, 0);
        for (user, &count) in self.counts.iter().enumerate() {
            ratings += count as usize;
            if (ratings > most_ratings && user > start) || user - start == BLOCK_USERS {
                blocks.push(start..user);
                (start, ratings) = (user, count as usize);
            }
        }
        blocks.push(start..self.user_count());
        blocks
    }
}

/// The numbers that occur, ascending.
fn values(steps: impl Iterator<Item = i16>) -> Vec<i16> {
    let mut occurs = vec![false; 1 << i16::BITS];
    steps.for_each(|steps| occurs[usize::from(steps.cast_unsigned())] = true);
    (i16::MIN..=i16::MAX).filter(|steps| occurs[usize::from(steps.cast_unsigned())]).collect()
}

/// The places of the ratings by user. `None` if the ratings are in that order.
fn order_by_user(user_count: usize, ratings: &Ratings) -> Option<Vec<u32>> {
    if ratings.iter().is_sorted_by_key(|rating| rating.user.0) {
        return None;
    }
    // Counted one place further: while the ratings are placed, each start moves to where the next user begins.
    let mut next = vec![0_u32; user_count + 1];
    for rating in ratings {
        next[rating.user.index() + 1] += 1;
    }
    for user in 1..next.len() {
        next[user] += next[user - 1];
    }
    let mut order = vec![0; ratings.len()];
    for (place, rating) in (0..).zip(ratings) {
        let to = &mut next[rating.user.index()];
        order[*to as usize] = place;
        *to += 1;
    }
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::vb::facts::Counts;
    use matinee_model::{MovieRow, UserRow};

    #[test]
    fn ratings_in_any_order_are_the_same_layout() {
        let rating = |(user, movie, value)| Rating { user: UserRow(user), movie: MovieRow(movie), value };
        let mut ratings = [(2, 1, 4.0), (0, 3, 2.5), (0, 0, 5.0), (2, 0, 0.5)].map(rating);
        let facts = Facts::from(Counts::of(4, 5, ratings.into_iter()));
        assert_eq!((facts.mean, facts.movie_count()), (3.0, 5));
        let layout = Layout::new(4, &ratings.into(), &facts);
        let observations = (0..4).flat_map(|user| layout.ratings(user));
        let found: Vec<(u32, f32)> =
            observations.map(|observation| (observation.movie, observation.value())).collect();
        assert_eq!(found, [(0, 2.0), (2, -0.5), (0, -2.5), (1, 1.0)]);
        assert_eq!(layout.blocks(4).iter().map(ExactSizeIterator::len).sum::<usize>(), 4);
        assert_eq!((layout.movie_counts(), layout.rating_count()), (&[2, 1, 1, 0, 0][..], 4));
        ratings.sort_by_key(|rating| rating.user.0);
        assert_eq!(saved(&Layout::new(4, &ratings.into(), &facts)), saved(&layout));
    }

    fn saved(layout: &Layout) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = StateWriter::new(&mut bytes);
        layout.save(&mut writer);
        writer.finish().unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Layout, StateError> {
        let mut reader = StateReader::new(bytes, bytes.len() as u64);
        let layout = Layout::restore(&mut reader)?;
        reader.finish().map(|()| layout)
    }

    #[test]
    fn a_block_has_no_more_users_than_16_bits_can_number() {
        let users = 2 * BLOCK_USERS + 1;
        let ratings = Ratings::from([Rating { user: UserRow(0), movie: MovieRow(0), value: 4.0 }]);
        let facts = Facts::from(Counts::of(users, 1, ratings.iter()));
        let blocks = Layout::new(users, &ratings, &facts).blocks(1);
        assert_eq!(blocks, [0..BLOCK_USERS, BLOCK_USERS..2 * BLOCK_USERS, 2 * BLOCK_USERS..users]);
    }

    #[test]
    fn any_ratings_are_read_back() {
        // Each of the last user's ratings is another one.
        let ratings: Ratings = (0..30_000_u32)
            .map(|index| Rating {
                user: UserRow(index / 10_000),
                movie: MovieRow(index % 10_000 * 7),
                value: if index < 20_000 { 4.0 } else { 1.0 + index as f32 / 10_000.0 },
            })
            .collect();
        let facts = Facts::from(Counts::of(4, 70_000, ratings.iter()));
        let layout = Layout::new(4, &ratings, &facts);
        let found = read(&saved(&layout)).unwrap();
        let [before, after]: [Vec<Observation>; 2] =
            [&layout, &found].map(|layout| (0..4).flat_map(|user| layout.ratings(user)).collect());
        assert_eq!((&before, found.movie_counts()), (&after, layout.movie_counts()));
        let place = |rating: &Rating| facts.places.of_row(rating.movie.0);
        let mut ratings: Vec<Rating> = ratings.iter().collect();
        ratings.sort_by_key(|rating| (rating.user.0, place(rating)));
        for (observation, rating) in before.iter().zip(&ratings) {
            assert_eq!(observation.movie, place(rating));
            assert!((observation.value() + facts.mean - rating.value).abs() < 1.0 / STEPS);
        }
    }

    #[test]
    fn ratings_that_do_not_fit_are_refused() {
        let ratings = [(0, 1, 4.0), (1, 200, 5.0), (1, 202, 1.0)].map(|(user, movie, value)| Rating {
            user: UserRow(user),
            movie: MovieRow(movie),
            value,
        });
        let facts = Facts::from(Counts::of(2, 203, ratings.into_iter()));
        let bytes = saved(&Layout::new(2, &ratings.into(), &facts));
        assert!(read(&bytes).is_ok());
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        // The number of movies, the number of ratings of the first user, and the last ratings.
        let last = bytes.len() - 1;
        for (place, byte) in [(0, 2), (16, 2), (last, 0x80), (last, 3), (last - 1, 0x86)] {
            let mut bytes = bytes.clone();
            bytes[place] = byte;
            assert!(read(&bytes).is_err(), "{place} {byte}");
        }
    }
}
