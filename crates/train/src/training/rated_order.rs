//! The order in which each user gave their ratings.

use crate::ratings::Dataset;

/// For each rating, by user and ascending movie rows, its position in the order in which its user gave them, from 0. `None`
/// if there are no timestamps. Ratings with the same time are ordered as in the file.
pub(super) fn rated_order(dataset: &Dataset) -> Option<Vec<u32>> {
    let timestamps = dataset.timestamps.as_ref()?;
    let mut given: Vec<usize> = (0..dataset.ratings.len()).collect();
    given.sort_by_key(|&index| (dataset.ratings[index].user, timestamps[index], index));
    let mut positions: Vec<(usize, u32)> = Vec::with_capacity(given.len());
    for user in given.chunk_by(|&a, &b| dataset.ratings[a].user == dataset.ratings[b].user) {
        positions.extend(user.iter().copied().zip(0..));
    }
    positions.sort_unstable_by_key(|&(index, _)| (dataset.ratings[index].user, dataset.ratings[index].movie));
    Some(positions.into_iter().map(|(_, position)| position).collect())
}
