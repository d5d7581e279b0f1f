//! Signals that fade: the latest ratings say most about what somebody watches next.

use serde::{Deserialize, Serialize};

use super::signal;
use crate::{MovieRow, Rated, RatingScale};

/// How fast the signals of older ratings fade: the share of a user's ratings after which they have faded to 1/e.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Recency(f32);

/// A share that is not above 0.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("signals cannot fade over the share {0} of a user's ratings; it must be above 0")]
pub struct InvalidRecency(f32);

impl Recency {
    /// Signals fade to 1/e over this share of a user's ratings.
    pub fn new(share: f32) -> Result<Self, InvalidRecency> {
        if share > 0.0 && share.is_finite() { Ok(Self(share)) } else { Err(InvalidRecency(share)) }
    }

    /// The signals above 0. `order` has the position of each rating in the order in which they were given, from 0.
    pub(super) fn signals(
        self,
        rated: &[Rated],
        order: impl Iterator<Item = u32>,
        scale: RatingScale,
    ) -> Vec<(MovieRow, f32)> {
        let (count, fade) = (rated.len() as f32, self.0 * rated.len() as f32);
        let faded = |(rated, place): (&Rated, u32)| {
            let newer = count - 1.0 - place as f32;
            (rated.movie, signal(rated.rating, scale) * (-newer / fade).exp())
        };
        rated.iter().zip(order).map(faded).filter(|&(_, signal)| signal > 0.0).collect()
    }
}

impl TryFrom<f32> for Recency {
    type Error = InvalidRecency;

    fn try_from(share: f32) -> Result<Self, InvalidRecency> {
        Self::new(share)
    }
}

impl From<Recency> for f32 {
    fn from(recency: Recency) -> Self {
        recency.0
    }
}

/// For each rated movie, by ascending rows, the position of its rating in `rated`, which has the oldest rating first. If a
/// movie is rated twice, only the last rating counts.
pub(crate) fn positions(rated: &[Rated]) -> Vec<u32> {
    let mut last: Vec<(MovieRow, usize)> = rated.iter().map(|rated| rated.movie).zip(0..).collect();
    last.sort_by_key(|&(movie, index)| (movie, std::cmp::Reverse(index)));
    last.dedup_by_key(|&mut (movie, _)| movie);
    let mut given: Vec<usize> = (0..last.len()).collect();
    given.sort_by_key(|&row| last[row].1);
    let mut positions = vec![0; last.len()];
    (0..).zip(given).for_each(|(position, row)| positions[row] = position);
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(movie: u32, rating: f32) -> Rated {
        Rated { movie: MovieRow(movie), rating }
    }

    #[test]
    fn signals_fade_with_the_ratings_that_came_after() {
        let ratings = [rated(2, 5.0), rated(4, 3.5), rated(7, 5.0), rated(9, 1.0)];
        let signals =
            Recency::new(0.5).unwrap().signals(&ratings, [3, 2, 0, 1].into_iter(), RatingScale::MOVIELENS);
        let expected = [(2, 1.0), (4, 0.5 * (-0.5_f32).exp()), (7, (-1.5_f32).exp())];
        assert_eq!(signals, expected.map(|(row, signal)| (MovieRow(row), signal)));
    }

    #[test]
    fn of_two_ratings_of_a_movie_the_place_of_the_last_counts() {
        let given = [rated(5, 1.0), rated(9, 2.0), rated(3, 3.0), rated(5, 4.0)];
        assert_eq!(positions(&given), [1, 2, 0], "of 3, 5 and 9");
        assert_eq!(positions(&[]), [0_u32; 0]);
    }

    #[test]
    fn a_share_that_is_no_share_is_refused() {
        for share in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Recency::new(share).is_err(), "{share}");
        }
        assert!(serde_json::from_str::<Recency>("0").is_err());
        assert_eq!(serde_json::from_str::<Recency>("0.5").unwrap(), Recency(0.5));
    }
}
