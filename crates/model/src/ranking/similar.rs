//! Similar movies, by the ranking head.

use super::{Ranked, RankingView, best};
use crate::MovieRow;
use crate::factors::dot;

impl RankingView<'_> {
    /// The `limit` movies most similar to `movie`, among those that are admitted and have a similarity above 0.
    ///
    /// For `EASE^R`, the similarity is the geometric mean of the weights in both directions, which is the partial
    /// correlation of the two movies' signals. For `iALS`, it is the cosine of the factors.
    pub fn most_similar(
        &self,
        movie: MovieRow,
        rating_counts: &[u32],
        limit: usize,
        mut admits: impl FnMut(MovieRow) -> bool,
    ) -> Vec<Ranked> {
        let mut alike = match self {
            Self::Ease { .. } => self.partial_correlations(movie, rating_counts, &mut admits),
            Self::Ials { factors, .. } => {
                let own = factors.row(movie.index()).to_vec();
                let own_norm = norm(&own);
                let cosine = |row: &[f32]| {
                    let norms = own_norm * norm(row);
                    if norms == 0.0 { 0.0 } else { dot(&own, row) / norms }
                };
                let rows = factors.to_slice().unwrap_or_default().chunks_exact(own.len().max(1));
                best(rows.map(cosine), rating_counts, limit, None, admits)
            }
        };
        alike.retain(|ranked| ranked.score > 0.0);
        alike.truncate(limit);
        alike
    }

    fn partial_correlations(
        &self,
        movie: MovieRow,
        rating_counts: &[u32],
        admits: &mut impl FnMut(MovieRow) -> bool,
    ) -> Vec<Ranked> {
        let (others, weights) = self.weights_of(movie);
        let mut alike: Vec<Ranked> = others
            .iter()
            .zip(weights.iter().map(|weight| weight.to_f32()))
            .filter(|&(other, _)| admits(MovieRow(other)))
            .map(|(other, weight)| {
                let back = self.weight(MovieRow(other), movie).max(0.0);
                let (score, rating_count) = ((weight.max(0.0) * back).sqrt(), rating_counts[other as usize]);
                Ranked { score, rating_count, movie: MovieRow(other) }
            })
            .collect();
        alike.sort_by(|a, b| b.cmp(a));
        alike
    }
}

fn norm(row: &[f32]) -> f32 {
    dot(row, row).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::RankingWeights;
    use half::f16;
    use ndarray::array;

    fn similar(weights: &RankingWeights, limit: usize) -> Vec<(u32, f32)> {
        let counts = [3, 2, 1, 4, 5];
        let alike = weights.view().most_similar(MovieRow(0), &counts, limit, |row| row != MovieRow(0));
        assert!(alike.iter().all(|ranked| ranked.rating_count == counts[ranked.movie.index()]));
        alike.into_iter().map(|ranked| (ranked.movie.0, ranked.score)).collect()
    }

    #[test]
    fn weights_that_are_above_0_both_ways_make_movies_alike() {
        // From 0: to 1 0.5, to 2 -0.5, to 3 0.25, to 4 0.5; and back 0.125, -0.5, 0.25, and none.
        let weights = RankingWeights::Ease {
            offsets: vec![0, 4, 5, 6, 7, 7],
            movies: vec![1, 2, 3, 4, 0, 0, 0],
            weights: [0.5, -0.5, 0.25, 0.5, 0.125, -0.5, 0.25].map(f16::from_f32).into(),
        };
        assert_eq!(
            similar(&weights, 5),
            [(3, 0.25), (1, 0.25)],
            "of equals the one with more ratings is first"
        );
        assert_eq!(similar(&weights, 1).len(), 1);
    }

    #[test]
    fn rows_of_factors_in_one_direction_make_movies_alike() {
        let factors = array![[3.0, 4.0], [6.0, 8.0], [4.0, 3.0], [0.0, 0.0], [-3.0, -4.0]];
        let weights = RankingWeights::Ials { gram: factors.t().dot(&factors), factors };
        assert_eq!(similar(&weights, 5), [(1, 1.0), (2, 0.96)]);
        assert_eq!(similar(&weights, 1), [(1, 1.0)]);
    }
}
