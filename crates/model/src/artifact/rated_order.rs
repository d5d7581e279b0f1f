//! The order in which each user gave their ratings.

use super::ArtifactError;
use crate::ranking::Columns;

/// Checks that the positions of each user's ratings are `0..n` in some order. The `offsets` were checked before.
pub(super) fn check(offsets: &[u32], order: Columns<'_>) -> Result<(), ArtifactError> {
    let mut seen: Vec<bool> = Vec::new();
    for row in offsets.windows(2) {
        let count = (row[1] - row[0]) as usize;
        seen.clear();
        seen.resize(count, false);
        for position in order.slice(row[0] as usize..row[1] as usize).iter() {
            let is_new = seen.get_mut(position as usize).is_some_and(|seen| !std::mem::replace(seen, true));
            if !is_new {
                let problem = "the positions of a user's ratings are not 0 to n - 1 in some order";
                return Err(ArtifactError::tensor("rated_order", problem));
            }
        }
    }
    Ok(())
}
