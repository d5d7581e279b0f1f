//! Decides which of several ratings of one movie by one user counts.

use super::Ratings;
use super::moments::Moments;
use crate::rows::Rows;

/// The users are divided into this many groups. An index of the ratings of a group takes less memory: that of all ratings
/// would take a third as much as the ratings themselves. Each group passes over all ratings.
const GROUPS: usize = 8;

/// The records that are replaced by another one with the same user and movie, ascending. The newest by `times` counts. Of
/// equally new ones, or without times, the last counts.
pub(super) fn replaced(ratings: &Ratings, times: Option<&Moments>) -> Vec<u32> {
    let user_count = ratings.iter().map(|rating| rating.user.index() + 1).max().unwrap_or(0);
    let group_length = user_count.div_ceil(GROUPS);
    let mut replaced = Vec::new();
    for group in 0..GROUPS {
        let first = group * group_length;
        let count = group_length.min(user_count.saturating_sub(first));
        let own = (0..).zip(ratings).filter_map(|(record, rating)| {
            let row = rating.user.index().checked_sub(first).filter(|&row| row < count)?;
            Some((row, record))
        });
        add_replaced(&Rows::of(count, own), ratings, times, &mut replaced);
    }
    replaced.sort_unstable();
    replaced
}

/// Adds the records of some users that are replaced.
fn add_replaced(by_user: &Rows<u32>, ratings: &Ratings, times: Option<&Moments>, replaced: &mut Vec<u32>) {
    let age = |record: u32| (times.map(|times| times.get(record)), record);
    let mut pairs = Vec::new();
    for user in 0..by_user.len() {
        pairs.clear();
        pairs.extend(by_user.row(user).iter().map(|&record| (ratings.get(record as usize).movie, record)));
        pairs.sort_unstable();
        for same in pairs.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let newest = same.iter().map(|&(_, record)| record).max_by_key(|&record| age(record));
            replaced.extend(same.iter().map(|&(_, record)| record).filter(|&record| Some(record) != newest));
        }
    }
}

#[cfg(test)]
mod tests {
    use matinee_model::{MovieRow, UserRow};

    use super::*;
    use crate::ratings::Rating;

    #[test]
    fn the_newest_counts_and_of_equals_the_last() {
        let rating = |user, movie| Rating { user: UserRow(user), movie: MovieRow(movie), value: 3.0 };
        let ratings = [rating(1, 1), rating(2, 1), rating(1, 1), rating(1, 2), rating(1, 1)].into();
        assert_eq!(replaced(&ratings, None), [0, 2]);
        let with_times = |times: [i64; 5]| replaced(&ratings, Some(&times.into_iter().collect()));
        assert_eq!(with_times([5, 0, 9, 0, 7]), [0, 4]);
        assert_eq!(with_times([9, 0, 7, 0, 9]), [0, 2]);
        assert_eq!(with_times([1_000_000, 0, 999_999, 0, 1_000_001]), [0, 2]);
        assert_eq!(replaced(&[rating(1, 1), rating(2, 1)].into(), None), [] as [u32; 0]);
        assert_eq!(replaced(&Ratings::default(), None), [] as [u32; 0]);
    }

    #[test]
    fn the_ratings_of_every_user_are_compared() {
        let rating = |user| Rating { user: UserRow(user), movie: MovieRow(0), value: 3.0 };
        for user_count in 1..40 {
            let ratings: Ratings = (0..user_count).chain(0..user_count).map(rating).collect();
            assert_eq!(replaced(&ratings, None), (0..user_count).collect::<Vec<u32>>());
        }
    }
}
