//! In which order each user gave their ratings.

use super::ArtifactError;
use crate::ranking::Columns;

/// Checks that the places of each user's ratings are `0..n` in some order; `offsets` were checked before.
pub(super) fn check(offsets: &[u32], order: Columns<'_>) -> Result<(), ArtifactError> {
    let mut seen: Vec<bool> = Vec::new();
    for row in offsets.windows(2) {
        let count = (row[1] - row[0]) as usize;
        seen.clear();
        seen.resize(count, false);
        for place in order.slice(row[0] as usize..row[1] as usize).iter() {
            let is_new = seen.get_mut(place as usize).is_some_and(|seen| !std::mem::replace(seen, true));
            if !is_new {
                let problem = "the places of a user's ratings are not one order of them";
                return Err(ArtifactError::tensor("rated_order", problem));
            }
        }
    }
    Ok(())
}
