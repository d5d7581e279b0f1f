//! The rank score: how near the ranking head sees a movie to what a user likes. The calibration uses it.
//!
//! It is the sum of the user's signals times the weights of the movie towards the rated movies, or 0 for a factor model, which
//! has no weights.
//!
//! The head recommends by the weights in the other direction. Both are multiples of the same entry of a symmetric matrix, and
//! predict equally well. But those of one movie lie side by side, so a prediction does not have to search the weights of all
//! rated movies. Only a movie that nobody likes has none; then the other direction stands for it: see [`UnlikedMovies`].

use half::f16;

use crate::ranking::{Columns, RankingView, UnlikedMovies, signal};
use crate::{MovieRow, Rated, RatingScale};

/// A user in the ranking head: the movies with a signal, and the signals.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals(Vec<(MovieRow, f32)>);

/// The signals of a user of a model, for any number of rank scores.
#[derive(Debug, Clone)]
pub(crate) struct PlacedSignals {
    /// Of each rating. Those of low ratings are 0.
    signals: Vec<f32>,
    places: Places,
}

impl Signals {
    /// Those of a user's ratings, at most one for each movie.
    pub fn of(rated: &[Rated], scale: RatingScale) -> Self {
        let mut signals = Vec::with_capacity(rated.len());
        let all = rated.iter().map(|rated| (rated.movie, signal(rated.rating, scale)));
        signals.extend(all.filter(|&(_, signal)| signal > 0.0));
        // Those of a model are in order already.
        if !signals.is_sorted_by_key(|&(movie, _)| movie) {
            signals.sort_unstable_by_key(|&(movie, _)| movie);
        }
        Self(signals)
    }

    /// The rank score of a movie.
    pub fn rank_score(&self, view: &RankingView<'_>, movie: MovieRow) -> f32 {
        let (near, weights) = view.weights_of(movie);
        if near.is_empty() {
            return self.0.iter().map(|&(from, signal)| signal * view.weight(from, movie)).sum::<f32>() + 0.0;
        }
        let places = Places::of(self.0.iter().map(|&(movie, _)| movie));
        places.sum(near, weights, |place| self.0[place].1)
    }
}

impl PlacedSignals {
    /// Those of a user's ratings, by ascending movie rows.
    pub(crate) fn of(rated: &[Rated], scale: RatingScale) -> Self {
        Self {
            signals: rated.iter().map(|rated| signal(rated.rating, scale)).collect(),
            places: Places::of(rated.iter().map(|rated| rated.movie)),
        }
    }

    /// The rank score of a movie: the same as [`Signals::rank_score`]. `unliked` gives the movies that have no weights in
    /// `view`.
    pub(crate) fn rank_score<'u>(
        &self,
        view: &RankingView<'_>,
        unliked: impl FnOnce() -> &'u UnlikedMovies,
        movie: MovieRow,
    ) -> f32 {
        let (near, weights) = view.weights_of(movie);
        let (near, weights) =
            if near.is_empty() { unliked().weights_towards(movie) } else { (near, weights) };
        self.places.sum(near, weights, |place| self.signals[place])
    }
}

/// Finds movies in a list with ascending rows, each by one look-up. A movie may be near thousands of others, so a search for each
/// would take most of the time of a prediction.
#[derive(Debug, Clone)]
struct Places(Vec<Word>);

/// Which of 64 rows are in the list, and how many are in the words before.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    rows: u64,
    before: u32,
}

impl Places {
    /// Those of the movies of a list with ascending rows.
    fn of(movies: impl DoubleEndedIterator<Item = MovieRow> + Clone) -> Self {
        debug_assert!(movies.clone().is_sorted(), "the rows are ascending");
        let count = movies.clone().next_back().map_or(0, |last| last.index() / 64 + 1);
        let mut words = vec![Word::default(); count];
        for (place, movie) in movies.enumerate() {
            let word = &mut words[movie.index() / 64];
            if word.rows == 0 {
                word.before = place as u32;
            }
            word.rows |= 1 << (movie.0 % 64);
        }
        Self(words)
    }

    /// The sum of the weights of those movies that are in the list, times their signals. `signal_at` gives the signal at
    /// a place in the list.
    fn sum(&self, movies: Columns<'_>, weights: &[f16], signal_at: impl Fn(usize) -> f32) -> f32 {
        match movies {
            Columns::Narrow(rows) => {
                self.sum_of(rows.iter().map(|&row| u32::from(row)).zip(weights), signal_at)
            }
            Columns::Wide(rows) => self.sum_of(rows.iter().copied().zip(weights), signal_at),
        }
    }

    fn sum_of<'w>(
        &self,
        weights: impl Iterator<Item = (u32, &'w f16)>,
        signal_at: impl Fn(usize) -> f32,
    ) -> f32 {
        let found = weights.filter_map(|(movie, weight)| Some((self.find(movie)?, weight)));
        // An empty sum is -0.0.
        found.map(|(place, weight)| signal_at(place) * weight.to_f32()).sum::<f32>() + 0.0
    }

    fn find(&self, movie: u32) -> Option<usize> {
        let Word { rows, before } = *self.0.get(movie as usize / 64)?;
        let own = 1 << (movie % 64);
        (rows & own != 0).then(|| (before + (rows & (own - 1)).count_ones()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::RankingWeights;
    use ndarray::Array2;

    const SCALE: RatingScale = RatingScale::MOVIELENS;
    const MOVIES: u32 = 150;

    /// Every third movie has no weights, and most of these have weights towards them.
    fn ease() -> RankingWeights {
        let (mut offsets, mut movies, mut weights) = (vec![0], Vec::new(), Vec::new());
        for from in 0..MOVIES {
            let is_near = |movie: &u32| {
                from % 3 != 0 && !movie.is_multiple_of(30) && (from * 7 + movie * 5).is_multiple_of(4)
            };
            let near: Vec<u32> = (0..MOVIES).filter(is_near).collect();
            weights.extend(near.iter().map(|movie| f16::from_f32(((from * 31 + movie) as f32).sin() * 0.2)));
            movies.extend(near);
            offsets.push(movies.len() as u32);
        }
        RankingWeights::Ease { offsets, movies, weights }
    }

    fn users() -> Vec<Vec<Rated>> {
        let rated = |step: u32| {
            let movies = (step / 2..MOVIES).step_by(step as usize);
            movies.map(|movie| Rated { movie: MovieRow(movie), rating: (movie % 10 + 1) as f32 / 2.0 })
        };
        [1, 2, 7, 64, 200, 400].map(|step| rated(step).collect()).into()
    }

    /// The definition: a search in the weights of each movie that has a signal.
    fn searched(view: &RankingView<'_>, rated: &[Rated], movie: MovieRow) -> f32 {
        let (near, weights) = view.weights_of(movie);
        let weight_of = |from: MovieRow| match near.find(from.0) {
            _ if near.is_empty() => view.weight(from, movie),
            found => found.map_or(0.0, |place| weights[place].to_f32()),
        };
        rated.iter().map(|rated| signal(rated.rating, SCALE) * weight_of(rated.movie)).sum::<f32>() + 0.0
    }

    #[test]
    fn every_way_to_a_rank_score_gives_the_same_bits() {
        let weights = ease();
        let view = weights.view();
        let unliked = UnlikedMovies::of(&view);
        let mut unliked_scores = 0;
        for rated in users() {
            let placed = PlacedSignals::of(&rated, SCALE);
            let backwards: Vec<Rated> = rated.iter().rev().copied().collect();
            let signals = Signals::of(&backwards, SCALE);
            for movie in (0..MOVIES).map(MovieRow) {
                let expected = searched(&view, &rated, movie);
                let found = [signals.rank_score(&view, movie), placed.rank_score(&view, || &unliked, movie)];
                assert_eq!(found.map(f32::to_bits), [expected.to_bits(); 2], "{movie:?}");
                let is_unliked = view.weights_of(movie).0.is_empty();
                unliked_scores += usize::from(is_unliked && expected != 0.0);
            }
        }
        assert!(unliked_scores > 100, "{unliked_scores}");
    }

    #[test]
    fn a_movie_without_any_weight_has_the_score_0() {
        let weights = ease();
        let unliked = UnlikedMovies::of(&weights.view());
        for rated in users() {
            let found =
                PlacedSignals::of(&rated, SCALE).rank_score(&weights.view(), || &unliked, MovieRow(30));
            assert_eq!(found.to_bits(), 0.0_f32.to_bits());
        }
    }

    #[test]
    fn a_factor_model_gives_0() {
        let weights = RankingWeights::Ials { factors: Array2::ones((3, 1)), gram: Array2::ones((1, 1)) };
        let unliked = UnlikedMovies::of(&weights.view());
        let rated = [Rated { movie: MovieRow(1), rating: 5.0 }];
        let placed = PlacedSignals::of(&rated, SCALE);
        assert_eq!(placed.rank_score(&weights.view(), || &unliked, MovieRow(2)), 0.0);
    }
}
