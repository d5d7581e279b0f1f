//! The best few of many movies, by a bounded heap.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::MovieRow;

/// A movie in a ranking. Movies with the same score are ordered by their number of ratings, then by their row, so that a
/// ranking is always the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The score by which it is ranked.
    pub score: f32,
    /// The number of its ratings.
    pub rating_count: u32,
    /// The movie.
    pub movie: MovieRow,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    /// Greater is better.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then(self.rating_count.cmp(&other.rating_count)).then(other.movie.cmp(&self.movie))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best `limit` movies that are admitted and come after `after` in the ranking. `scores` and `rating_counts` are by
/// row. `admits` is called in the order of rows, and only for movies that would be among the best so far. Only the heap
/// is allocated.
pub fn best(
    scores: impl Iterator<Item = f32>,
    rating_counts: &[u32],
    limit: usize,
    after: Option<Ranked>,
    mut admits: impl FnMut(MovieRow) -> bool,
) -> Vec<Ranked> {
    if limit == 0 {
        return Vec::new();
    }
    let limit = limit.min(rating_counts.len());
    let mut heap = BinaryHeap::with_capacity(limit + 1);
    let mut threshold = f32::NEG_INFINITY;
    for ((row, score), &rating_count) in (0..).zip(scores).zip(rating_counts) {
        if score < threshold {
            continue;
        }
        let candidate = Ranked { score, rating_count, movie: MovieRow(row) };
        let is_better =
            heap.len() < limit || heap.peek().is_some_and(|Reverse(worst)| candidate.cmp(worst).is_gt());
        if !is_better || after.is_some_and(|after| candidate >= after) || !admits(candidate.movie) {
            continue;
        }
        heap.push(Reverse(candidate));
        if heap.len() > limit {
            heap.pop();
        }
        if heap.len() == limit {
            threshold = heap.peek().map_or(threshold, |Reverse(worst)| worst.score);
        }
    }
    heap.into_sorted_vec().into_iter().map(|Reverse(ranked)| ranked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_movies_that_would_be_among_the_best_are_checked() {
        let mut asked = Vec::new();
        let scores = [2.0, 3.0, 1.0, 3.0, 3.0, 4.0];
        best(scores.into_iter(), &[0, 0, 9, 1, 0, 0], 2, None, |row| {
            asked.push(row.0);
            true
        });
        assert_eq!(asked, [0, 1, 3, 5]);
    }

    proptest! {
        #[test]
        fn the_best_are_those_that_sorting_puts_first(
            movies in prop::collection::vec((-3_i8..3, 0_u32..3, any::<bool>()), 0..60),
            limit in 0_usize..20,
            from in 0_usize..30,
        ) {
            let scores: Vec<f32> = movies.iter().map(|movie| f32::from(movie.0)).collect();
            let counts: Vec<u32> = movies.iter().map(|movie| movie.1).collect();
            let mut sorted: Vec<Ranked> = (0..movies.len())
                .map(|row| Ranked { score: scores[row], rating_count: counts[row], movie: MovieRow(row as u32) })
                .collect();
            sorted.sort_by(|a, b| b.cmp(a));
            let after = from.checked_sub(1).and_then(|last| sorted.get(last).copied());
            let start = if after.is_some() { from } else { 0 };
            let expected: Vec<Ranked> =
                sorted[start..].iter().filter(|ranked| movies[ranked.movie.index()].2).take(limit).copied().collect();
            let found = best(scores.iter().copied(), &counts, limit, after, |row| movies[row.index()].2);
            prop_assert_eq!(found, expected);
        }
    }
}
