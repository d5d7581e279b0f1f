//! In which order each user gave their ratings.

use crate::ratings::Dataset;

/// The place of each rating among its user's in the order of their times, by user and ascending movie rows; `None` if no
/// times are known. Of ratings of one moment the later in the file is the later.
pub(super) fn rated_order(dataset: &Dataset) -> Option<Vec<u32>> {
    let timestamps = dataset.timestamps.as_ref()?;
    let mut given: Vec<usize> = (0..dataset.ratings.len()).collect();
    given.sort_by_key(|&index| (dataset.ratings[index].user, timestamps[index], index));
    let mut places: Vec<(usize, u32)> = Vec::with_capacity(given.len());
    for user in given.chunk_by(|&a, &b| dataset.ratings[a].user == dataset.ratings[b].user) {
        places.extend(user.iter().copied().zip(0..));
    }
    places.sort_unstable_by_key(|&(index, _)| (dataset.ratings[index].user, dataset.ratings[index].movie));
    Some(places.into_iter().map(|(_, place)| place).collect())
}
