//! The weights towards movies that nobody likes, by movie.

use half::f16;

use super::{Columns, RankingView};
use crate::MovieRow;

/// The movies that nobody likes: they have no weights themselves, but other movies have weights towards them.
///
/// A search for such a movie among the weights of all movies that a user has rated takes longer than the rest of a
/// prediction. There are few such weights (2 % of those of the demo model), so these are copied.
#[derive(Debug)]
pub(crate) struct UnlikedMovies {
    /// The movies, ascending.
    movies: Vec<u32>,
    /// Where the weights towards each of them end.
    ends: Vec<u32>,
    /// The movies that the weights belong to, ascending for each movie.
    from: Vec<u32>,
    /// The weights, in half precision.
    weights: Vec<f16>,
}

impl UnlikedMovies {
    /// Finds them. Every weight is looked at once.
    pub(crate) fn of(view: &RankingView<'_>) -> Self {
        let mut entries = entries(view);
        // A stable sort: the movies that the weights belong to stay ascending.
        entries.sort_by_key(|&(towards, ..)| towards);
        let mut found = Self {
            movies: Vec::new(),
            ends: Vec::new(),
            from: Vec::with_capacity(entries.len()),
            weights: Vec::with_capacity(entries.len()),
        };
        for of_one in entries.chunk_by(|one, next| one.0 == next.0) {
            found.from.extend(of_one.iter().map(|&(_, from, _)| from));
            found.weights.extend(of_one.iter().map(|&(.., weight)| weight));
            found.movies.push(of_one[0].0);
            found.ends.push(found.from.len() as u32);
        }
        found
    }

    /// The weights towards a movie, with the movies that they belong to.
    pub(crate) fn weights_towards(&self, movie: MovieRow) -> (Columns<'_>, &[f16]) {
        let Ok(place) = self.movies.binary_search(&movie.0) else { return (Columns::Wide(&[]), &[]) };
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let range = start..self.ends[place] as usize;
        (Columns::Wide(&self.from[range.clone()]), &self.weights[range])
    }
}

/// Each weight towards a movie without weights: this movie, the one that the weight belongs to, and the weight.
fn entries(view: &RankingView<'_>) -> Vec<(u32, u32, f16)> {
    let RankingView::Ease { offsets, .. } = view else { return Vec::new() };
    let is_unliked: Vec<bool> = offsets.windows(2).map(|row| row[0] == row[1]).collect();
    let mut entries = Vec::new();
    for from in 0..is_unliked.len() as u32 {
        let (movies, weights) = view.weights_of(MovieRow(from));
        let towards = movies.iter().zip(weights).filter(|&(movie, _)| is_unliked[movie as usize]);
        entries.extend(towards.map(|(movie, &weight)| (movie, from, weight)));
    }
    entries
}
