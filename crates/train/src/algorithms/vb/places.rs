//! In which order the movies are in memory: those that are rated most are near each other.
//!
//! Most ratings are of few movies. Side by side, what users read of these stays in the cache, and in the part of the memory
//! whose addresses the processor knows.

use std::cmp::Reverse;

use super::sums::Sums;

/// Movies with about as many ratings. Within them, the most rated ones are in different stripes of the [sums](Sums), so that
/// threads seldom wait for the same stripe.
const NEAR: usize = 256 * Sums::STRIPE;

/// The place of each movie row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Places(Vec<u32>);

impl Places {
    /// The places of movies with these numbers of ratings.
    pub(super) fn of(counts: &[u32]) -> Self {
        let mut rows: Vec<u32> = (0..counts.len() as u32).collect();
        rows.sort_by_key(|&row| Reverse(counts[row as usize]));
        let mut places = vec![0; counts.len()];
        let mut begin = 0;
        for near in rows.chunks(NEAR) {
            let stripes = near.len().div_ceil(Sums::STRIPE);
            let across = (0..Sums::STRIPE)
                .flat_map(|movie| (0..stripes).map(move |stripe| stripe * Sums::STRIPE + movie));
            let free = across.filter(|&place| place < near.len());
            for (&row, place) in near.iter().zip(free) {
                places[row as usize] = (begin + place) as u32;
            }
            begin += near.len();
        }
        Self(places)
    }

    /// The place of a movie row.
    #[inline(always)]
    pub(super) fn of_row(&self, row: u32) -> u32 {
        self.0[row as usize]
    }

    /// The numbers of all rows, by place.
    pub(super) fn by_place(&self, of_rows: &[u32]) -> Vec<u32> {
        let mut by_place = vec![0; of_rows.len()];
        self.0.iter().zip(of_rows).for_each(|(&place, &number)| by_place[place as usize] = number);
        by_place
    }

    /// The entries of all places, by row. Each has so many of them.
    pub(super) fn by_row<T: Copy>(&self, of_places: &[T], width: usize) -> Vec<T> {
        let entries = |&place: &u32| &of_places[place as usize * width..(place as usize + 1) * width];
        self.0.iter().flat_map(entries).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_rated_movies_come_first_and_in_different_stripes() {
        let counts: Vec<u32> = (0..5000).map(|row| row * 7919 % 5003).collect();
        let places = Places::of(&counts);
        let by_place = places.by_place(&counts);
        let most = |places: &[u32]| places.iter().copied().max();
        assert_eq!(by_place.iter().min(), by_place[NEAR..].iter().min());
        assert!(by_place[..NEAR].iter().min() > most(&by_place[NEAR..]).as_ref());
        for stripe in by_place[..NEAR].chunks(Sums::STRIPE) {
            assert!(stripe.is_sorted_by(|one, next| one > next), "{stripe:?}");
        }
        assert_eq!(places.by_row(&by_place, 1), counts);
        assert!((0..5000).all(|row| by_place[places.of_row(row) as usize] == counts[row as usize]));
    }

    #[test]
    fn rows_with_equal_numbers_keep_their_order() {
        assert_eq!(Places::of(&[2, 3, 3, 2]), Places(vec![2, 0, 1, 3]));
        assert_eq!(Places::of(&[2, 3, 3]).by_row(&[1, 2, 3, 4, 5, 6], 2), [5, 6, 1, 2, 3, 4]);
    }
}
