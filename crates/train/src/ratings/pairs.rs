//! Decides which of several ratings of one movie by one user counts.

use super::Rating;
use crate::rows::Rows;

/// The records that are replaced by another one with the same user and movie, ascending. The newest by `times` counts. Of
/// equally new ones, or without times, the last counts.
pub(super) fn replaced(ratings: &[Rating], times: Option<&[i64]>) -> Vec<u32> {
    let age = |record: u32| (times.map(|times| times[record as usize]), record);
    let by_user = Rows::places_by_user(ratings);
    let mut replaced = Vec::new();
    let mut pairs = Vec::new();
    for user in 0..by_user.len() {
        pairs.clear();
        pairs.extend(by_user.row(user).iter().map(|&record| (ratings[record as usize].movie, record)));
        pairs.sort_unstable();
        for same in pairs.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let newest = same.iter().map(|&(_, record)| record).max_by_key(|&record| age(record));
            replaced.extend(same.iter().map(|&(_, record)| record).filter(|&record| Some(record) != newest));
        }
    }
    replaced.sort_unstable();
    replaced
}

#[cfg(test)]
mod tests {
    use matinee_model::{MovieRow, UserRow};

    use super::*;

    #[test]
    fn the_newest_counts_and_of_equals_the_last() {
        let rating = |user, movie| Rating { user: UserRow(user), movie: MovieRow(movie), value: 3.0 };
        let ratings = [rating(1, 1), rating(2, 1), rating(1, 1), rating(1, 2), rating(1, 1)];
        assert_eq!(replaced(&ratings, None), [0, 2]);
        assert_eq!(replaced(&ratings, Some(&[5, 0, 9, 0, 7])), [0, 4]);
        assert_eq!(replaced(&ratings, Some(&[9, 0, 7, 0, 9])), [0, 2]);
        assert_eq!(replaced(&ratings[..2], None), [] as [u32; 0]);
    }
}
