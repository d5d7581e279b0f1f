//! The order in which each user gave their ratings.

use crate::ratings::Dataset;
use crate::rows::Rows;

/// For each rating, by user and ascending movie rows, its position in the order in which its user gave them, from 0. `None`
/// if there are no timestamps. Ratings with the same time are ordered as in the file.
pub(super) fn rated_order(dataset: &Dataset) -> Option<Vec<u32>> {
    let timestamps = dataset.timestamps.as_ref()?;
    let by_user = Rows::places_by_user(&dataset.ratings);
    let mut positions = Vec::with_capacity(dataset.ratings.len());
    let (mut given, mut by_movie) = (Vec::new(), Vec::new());
    for user in 0..by_user.len() {
        given.clear();
        given.extend_from_slice(by_user.row(user));
        given.sort_by_key(|&place| timestamps.get(place as usize));
        by_movie.clear();
        by_movie.extend(
            given
                .iter()
                .zip(0..)
                .map(|(&place, position)| (dataset.ratings.get(place as usize).movie, position)),
        );
        by_movie.sort_unstable();
        positions.extend(by_movie.iter().map(|&(_, position)| position));
    }
    Some(positions)
}
