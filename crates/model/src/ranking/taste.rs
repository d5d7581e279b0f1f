//! A visitor in the ranking head: the scores, and the contribution of each rating to them.

use super::{ImplicitRegression, ImplicitRow, Ranked, RankingMethod, RankingView, best, signal};
use crate::factors::dot;
use crate::{MovieRow, Rated, RatingScale};

/// The scores of all movies, given a visitor's ratings.
#[derive(Debug)]
pub struct Taste<'a> {
    view: Option<RankingView<'a>>,
    /// The movies with a signal, and the signals.
    signals: Vec<(MovieRow, f32)>,
    scores: Scores,
}

#[derive(Debug)]
enum Scores {
    /// No rating has a signal, or there is no ranking head: movies are ranked by popularity.
    Popularity,
    /// The score of each movie.
    Sums(Vec<f32>),
    /// The visitor's factors.
    Row(ImplicitRow),
}

impl<'a> Taste<'a> {
    /// The taste of a visitor with these ratings, at most one per movie.
    pub fn new(head: Option<(RankingMethod, RankingView<'a>)>, rated: &[Rated], scale: RatingScale) -> Self {
        let signals = rated.iter().map(|rated| (rated.movie, signal(rated.rating, scale)));
        let signals: Vec<(MovieRow, f32)> = signals.filter(|&(_, signal)| signal > 0.0).collect();
        let scores = match head {
            Some(head) if !signals.is_empty() => Scores::of(head, &signals),
            _ => Scores::Popularity,
        };
        Self { view: head.map(|(_, view)| view), signals, scores }
    }

    /// Whether the ratings have no signal, so that movies are ranked by popularity.
    pub fn is_popularity(&self) -> bool {
        matches!(self.scores, Scores::Popularity)
    }

    /// The best `limit` admitted movies after `after` in the ranking: see [`best`].
    pub fn rank(
        &self,
        rating_counts: &[u32],
        limit: usize,
        after: Option<Ranked>,
        admits: impl FnMut(MovieRow) -> bool,
    ) -> Vec<Ranked> {
        match (&self.scores, self.view) {
            (Scores::Sums(sums), _) => best(sums.iter().copied(), rating_counts, limit, after, admits),
            (Scores::Row(own), Some(RankingView::Ials { factors, .. })) => {
                let rows = factors.to_slice().unwrap_or_default().chunks_exact(own.factors.len().max(1));
                best(rows.map(|row| dot(&own.factors, row)), rating_counts, limit, after, admits)
            }
            _ => best(rating_counts.iter().map(|&count| count as f32), rating_counts, limit, after, admits),
        }
    }

    /// The score of one movie.
    pub fn score(&self, movie: MovieRow, rating_counts: &[u32]) -> f32 {
        match (&self.scores, self.view) {
            (Scores::Sums(sums), _) => sums[movie.index()],
            (Scores::Row(own), Some(RankingView::Ials { factors, .. })) => {
                factors.row(movie.index()).to_slice().map_or(0.0, |row| dot(&own.factors, row))
            }
            _ => rating_counts[movie.index()] as f32,
        }
    }

    /// The contribution of each rating with a signal to the score of `movie`. They add up to the score. Without signals
    /// the score is the popularity, and the result is empty.
    pub fn contributions(&self, movie: MovieRow) -> Vec<(MovieRow, f32)> {
        let Some(view) = self.view else { return Vec::new() };
        match (&self.scores, view) {
            (Scores::Sums(_), _) => {
                let contribution =
                    |&(from, signal): &(MovieRow, f32)| (from, signal * view.weight(from, movie));
                self.signals.iter().map(contribution).collect()
            }
            (Scores::Row(own), RankingView::Ials { factors, .. }) => {
                let of = factors.row(movie.index());
                let (Some(of), Some(others)) = (of.to_slice(), factors.to_slice()) else { return Vec::new() };
                let signals = self.signals.iter().map(|&(from, signal)| (from.0, signal));
                let parts = own.contributions(of, signals, others);
                self.signals.iter().map(|&(from, _)| from).zip(parts).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Scores {
    fn of((method, view): (RankingMethod, RankingView<'_>), signals: &[(MovieRow, f32)]) -> Self {
        match (method, view) {
            (_, RankingView::Ease { offsets, .. }) => {
                let mut sums = vec![0.0; offsets.len() - 1];
                for &(from, signal) in signals {
                    let (movies, weights) = view.weights_of(from);
                    for (movie, weight) in movies.iter().zip(weights) {
                        sums[movie as usize] += signal * weight.to_f32();
                    }
                }
                Self::Sums(sums)
            }
            (
                RankingMethod::Ials { unobserved_weight, regularisation, .. },
                RankingView::Ials { factors, gram },
            ) => {
                let (Some(others), Some(gram)) = (factors.to_slice(), gram.to_slice()) else {
                    return Self::Popularity;
                };
                let regression = ImplicitRegression { unobserved_weight, regularisation };
                let signals = signals.iter().map(|&(movie, signal)| (movie.0, signal));
                let row = regression.solve(signals, others, gram, factors.ncols());
                row.map_or(Self::Popularity, Self::Row)
            }
            (RankingMethod::Ease { .. }, RankingView::Ials { .. }) => Self::Popularity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::RankingWeights;
    use half::f16;
    use ndarray::Array2;

    const MOVIES: u32 = 30;
    const SCALE: RatingScale = RatingScale::MOVIELENS;

    fn ease() -> (RankingMethod, RankingWeights) {
        let pairs = (0..MOVIES).flat_map(|row| (0..MOVIES).map(move |column| (row, column)));
        let kept: Vec<(u32, u32)> = pairs.filter(|(row, column)| (row * 7 + column * 5) % 3 == 0).collect();
        let offsets = (0..=MOVIES).map(|row| kept.partition_point(|pair| pair.0 < row) as u32).collect();
        let weight = |pair: &(u32, u32)| f16::from_f32(((pair.0 * 31 + pair.1) as f32).sin() * 0.2);
        let (movies, weights) = (kept.iter().map(|pair| pair.1).collect(), kept.iter().map(weight).collect());
        (
            RankingMethod::Ease { regularisation: 60.0, weights_per_movie: 64 },
            RankingWeights::Ease { offsets, movies, weights },
        )
    }

    fn ials() -> (RankingMethod, RankingWeights) {
        let factors = Array2::from_shape_fn((MOVIES as usize, 5), |(row, k)| ((row * 5 + k) as f32).sin());
        let gram = factors.t().dot(&factors);
        let method = RankingMethod::Ials { rank: 5, unobserved_weight: 0.1, regularisation: 0.01, epochs: 8 };
        (method, RankingWeights::Ials { factors, gram })
    }

    fn rated() -> Vec<Rated> {
        let rating = |movie: u32| Rated { movie: MovieRow(movie), rating: 0.5 + (movie % 10) as f32 * 0.5 };
        (0..MOVIES).step_by(3).map(rating).collect()
    }

    #[test]
    fn contributions_add_up_to_the_score() {
        let counts = vec![1; MOVIES as usize];
        for (method, weights) in [ease(), ials()] {
            let taste = Taste::new(Some((method, weights.view())), &rated(), SCALE);
            for ranked in taste.rank(&counts, 30, None, |_| true) {
                let sum: f32 = taste.contributions(ranked.movie).iter().map(|part| part.1).sum();
                assert!((sum - ranked.score).abs() < 1e-5, "{method:?}: {sum} {}", ranked.score);
                assert_eq!(taste.score(ranked.movie, &counts), ranked.score);
            }
        }
    }

    #[test]
    fn a_low_rating_is_no_signal_and_without_signals_the_popular_come_first() {
        let counts: Vec<u32> = (0..MOVIES).map(|movie| movie * 11 % MOVIES).collect();
        let low = [Rated { movie: MovieRow(3), rating: 1.0 }];
        for (method, weights) in [ease(), ials()] {
            for (head, rated) in [(Some((method, weights.view())), &low[..]), (None, &rated()[..])] {
                let taste = Taste::new(head, rated, SCALE);
                assert!(taste.is_popularity());
                let first: Vec<u32> = taste
                    .rank(&counts, 3, None, |_| true)
                    .iter()
                    .map(|ranked| counts[ranked.movie.index()])
                    .collect();
                assert_eq!(first, [29, 28, 27]);
                assert_eq!(taste.contributions(MovieRow(1)), []);
            }
        }
    }

    #[test]
    fn a_user_vector_solves_the_documented_system() {
        let (method, weights) = ials();
        let RankingWeights::Ials { factors, gram } = &weights else { unreachable!() };
        let taste = Taste::new(Some((method, weights.view())), &rated(), SCALE);
        let Scores::Row(ImplicitRow { factors: vector, .. }) = &taste.scores else { panic!("a row") };
        let ridge = 0.01 * (taste.signals.len() as f32 + 0.1 * MOVIES as f32);
        let mut residual: Vec<f32> = (0..5)
            .map(|row| {
                let unobserved: f32 = (0..5).map(|column| 0.1 * gram[[row, column]] * vector[column]).sum();
                unobserved + ridge * vector[row]
            })
            .collect();
        for &(movie, signal) in &taste.signals {
            let features = factors.row(movie.index());
            let error: f32 = features.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>() - 1.0;
            residual.iter_mut().zip(&features).for_each(|(sum, feature)| *sum += signal * error * feature);
        }
        assert!(residual.iter().all(|value| value.abs() < 1e-4), "{residual:?}");
    }
}
