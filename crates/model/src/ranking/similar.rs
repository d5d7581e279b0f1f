//! Movies that are alike in the ranking head.

use super::{Ranked, RankingView, best};
use crate::MovieRow;
use crate::factors::dot;

impl RankingView<'_> {
    /// The `limit` movies that are most like `movie`, of those with a similarity above 0 that are admitted.
    ///
    /// In `EASE^R` the similarity is the geometric mean of the weights both ways, which is the partial correlation
    /// of the two movies' signals; in `iALS` the cosine of the factors.
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
                    if norms > 0.0 { dot(&own, row) / norms } else { 0.0 }
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
            .filter(|&(other, weight)| weight > 0.0 && admits(MovieRow(other)))
            .map(|(other, weight)| {
                let back = self.weight(MovieRow(other), movie).max(0.0);
                let (score, rating_count) = ((weight * back).sqrt(), rating_counts[other as usize]);
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
