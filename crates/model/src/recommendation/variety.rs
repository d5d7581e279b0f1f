//! A list with more variety.

use std::collections::HashSet;

use super::Recommendation;
use crate::Movie;

/// How much of a movie's merit is that it is unlike those before it.
const WEIGHT: f32 = 0.5;

/// How many movies are looked at for each that is shown.
pub const CANDIDATES: usize = 5;

/// The `limit` movies of `found`, the best first, that are good and unlike each other.
///
/// Maximal marginal relevance (Carbonell and Goldstein, 1998): the next movie is the one with the greatest
/// `(1 - w) r - w s`, where `r` is its rank score as a share of the best, and `s` its greatest similarity to a movie
/// that was chosen before. Two movies are as similar as their genres: the share of those that both have.
pub fn varied(found: Vec<Recommendation<'_>>, limit: usize) -> Vec<Recommendation<'_>> {
    let highest = found.first().map_or(1.0, |first| first.ranked.score).max(f32::MIN_POSITIVE);
    let mut rest: Vec<(Recommendation<'_>, f32)> = found.into_iter().map(|found| (found, 0.0)).collect();
    let mut chosen: Vec<Recommendation<'_>> = Vec::with_capacity(limit);
    while chosen.len() < limit && !rest.is_empty() {
        let merit = |(found, similarity): &(Recommendation<'_>, f32)| {
            (1.0 - WEIGHT) * found.ranked.score / highest - WEIGHT * similarity
        };
        // Of equal merits the first, which has the higher score.
        let next =
            (1..rest.len()).fold(0, |best, at| if merit(&rest[at]) > merit(&rest[best]) { at } else { best });
        let (next, _) = rest.remove(next);
        for (found, similarity) in &mut rest {
            *similarity = similarity.max(shared_genres(&found.movie, &next.movie));
        }
        chosen.push(next);
    }
    chosen
}

/// The genres that both movies have, as a share of those that either has (Jaccard).
pub(super) fn shared_genres(one: &Movie<'_>, other: &Movie<'_>) -> f32 {
    let [one, other]: [HashSet<&str>; 2] = [one.genres().collect(), other.genres().collect()];
    let either = one.union(&other).count();
    if either == 0 { 0.0 } else { one.intersection(&other).count() as f32 / either as f32 }
}
