//! `EASE^R`: a linear model that predicts each movie's signals from the other movies'.
//!
//! Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019): with `P = (X'X + lambda I)^-1` the weights
//! are `B = -P / diag(P)` (column by column) off the diagonal, 0 on it. `P` is found by the inverse of a matrix
//! as large as the smaller side: `X'X + lambda I` of the movies, or of the users by
//! `P = (I - X'(XX' + lambda I)^-1 X) / lambda`. Most weights are near 0. Only the largest are kept: a given number per
//! movie on average.

use half::f16;
use matinee_model::ranking::{RankingMethod, RankingWeights};
use nalgebra::DMatrix;
use rayon::prelude::*;

use super::signals::{Rows, Signals};

/// The hyperparameters that rank a hold-out of `data/` best. 64 weights per movie cost 1 % of the NDCG@10 of all weights.
pub(super) const DEFAULT: RankingMethod = RankingMethod::Ease { regularisation: 60.0, weights_per_movie: 64 };

/// The size of the largest matrix that is inverted. 4,096 rows take 20 s.
const MAX_ORDER: usize = 4_096;

/// Whether the smaller side is small enough.
pub(super) fn is_feasible(signals: &Signals) -> bool {
    let (users, movies) = (signals.users.filled().len(), signals.movies.filled().len());
    (1..=MAX_ORDER).contains(&users.min(movies))
}

pub(super) fn learn(signals: &Signals, regularisation: f32, weights_per_movie: u32) -> RankingWeights {
    let inverse = Inverse::new(signals, regularisation);
    let filled = signals.movies.filled();
    let diagonal: Vec<f32> = (0..signals.movies.len())
        .into_par_iter()
        .map(|movie| inverse.diagonal(&signals.movies, movie))
        .collect();
    let weights_from = |movie: usize| {
        let mut row = inverse.row(&signals.movies, movie);
        row.iter_mut().zip(&diagonal).for_each(|(entry, diagonal)| *entry /= -diagonal);
        row[movie] = 0.0;
        row
    };
    let threshold = Threshold::find(&filled, weights_per_movie as usize, weights_from);
    let kept: Vec<Vec<(u32, f16)>> = (0..signals.movies.len())
        .into_par_iter()
        .map(|movie| {
            if signals.movies.row(movie).is_empty() {
                return Vec::new();
            }
            let kept = (0..).zip(weights_from(movie)).filter(|&(_, weight)| threshold.keeps(weight));
            kept.map(|(other, weight)| (other, f16::from_f32(weight))).collect()
        })
        .collect();
    let mut offsets = vec![0];
    offsets.extend(kept.iter().scan(0, |end, row| {
        *end += row.len() as u32;
        Some(*end)
    }));
    let (movies, weights) = kept.into_iter().flatten().unzip();
    RankingWeights::Ease { offsets, movies, weights }
}

/// `P`, up to the factor `lambda`, computed on the smaller side.
enum Inverse {
    /// `(XX' + lambda I)^-1`, by all users.
    OfUsers { inverse: Vec<f32>, users: usize },
    /// `lambda (X'X + lambda I)^-1` of the movies with signals, with the index of each movie among them.
    OfMovies { inverse: Vec<f32>, places: Vec<Option<usize>> },
}

impl Inverse {
    fn new(signals: &Signals, regularisation: f32) -> Self {
        let filled = signals.movies.filled();
        if signals.users.len() <= filled.len() {
            let users = signals.users.len();
            let all: Vec<Option<usize>> = (0..users).map(Some).collect();
            Self::OfUsers { inverse: inverse(&signals.movies, &all, users, regularisation, 1.0), users }
        } else {
            let mut places = vec![None; signals.movies.len()];
            filled.iter().enumerate().for_each(|(place, &movie)| places[movie] = Some(place));
            let inverse = inverse(&signals.users, &places, filled.len(), regularisation, regularisation);
            Self::OfMovies { inverse, places }
        }
    }

    fn diagonal(&self, movies: &Rows, movie: usize) -> f32 {
        match self {
            Self::OfUsers { inverse, users } => {
                let row = movies.row(movie);
                let along = |&(user, signal): &(u32, f32)| {
                    let inverse = &inverse[user as usize * users..];
                    signal * row.iter().map(|&(other, signal)| signal * inverse[other as usize]).sum::<f32>()
                };
                1.0 - row.iter().map(along).sum::<f32>()
            }
            Self::OfMovies { inverse, places } => {
                let order = places.iter().flatten().count();
                places[movie].map_or(1.0, |place| inverse[place * order + place])
            }
        }
    }

    fn row(&self, movies: &Rows, movie: usize) -> Vec<f32> {
        match self {
            Self::OfUsers { inverse, users } => {
                let mut along = vec![0.0; *users];
                for &(user, signal) in movies.row(movie) {
                    let inverse = &inverse[user as usize * users..(user as usize + 1) * users];
                    along.iter_mut().zip(inverse).for_each(|(sum, entry)| *sum -= signal * entry);
                }
                let entry = |other: usize| {
                    movies.row(other).iter().map(|&(user, signal)| signal * along[user as usize]).sum()
                };
                (0..movies.len()).map(entry).collect()
            }
            Self::OfMovies { inverse, places } => {
                let order = places.iter().flatten().count();
                let Some(row) = places[movie] else { return vec![0.0; places.len()] };
                let entry = |place: &Option<usize>| place.map_or(0.0, |place| inverse[row * order + place]);
                places.iter().map(entry).collect()
            }
        }
    }
}

/// `times (sum x x' + lambda I)^-1`, row-major. Each `x` is a row of `rows`, and `places` maps its columns.
fn inverse(rows: &Rows, places: &[Option<usize>], order: usize, regularisation: f32, times: f32) -> Vec<f32> {
    let mut gram = DMatrix::<f64>::identity(order, order) * f64::from(regularisation);
    for row in 0..rows.len() {
        let entries: Vec<(usize, f64)> = rows
            .row(row)
            .iter()
            .filter_map(|&(column, signal)| Some((places[column as usize]?, f64::from(signal))))
            .collect();
        for &(a, signal) in &entries {
            for &(b, other) in &entries {
                gram[(a, b)] += signal * other;
            }
        }
    }
    let inverse = gram.cholesky().map_or_else(|| DMatrix::zeros(order, order), |factor| factor.inverse());
    inverse.iter().map(|&entry| times * entry as f32).collect()
}

/// The smallest magnitude of a weight that is kept.
struct Threshold(u32);

impl Threshold {
    /// Counts magnitudes by the upper half of their bits, which sort like the floats. So the weights do not have to be
    /// sorted, and the result does not depend on the order of counting.
    fn find(movies: &[usize], per_movie: usize, weights_from: impl Fn(usize) -> Vec<f32> + Sync) -> Self {
        let budget = movies.len() * per_movie;
        let empty = || vec![0_u64; 1 << 15];
        let counts = movies
            .par_iter()
            .fold(empty, |mut counts, &movie| {
                for weight in weights_from(movie) {
                    counts[Self::bin(weight) as usize] += 1;
                }
                counts
            })
            .reduce(empty, |mut counts, others| {
                counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
                counts
            });
        let mut kept = 0;
        let too_many = (1..counts.len()).rev().find(|&bin| {
            kept += counts[bin];
            kept > budget as u64
        });
        Self(too_many.map_or(1, |bin| bin as u32 + 1))
    }

    fn keeps(&self, weight: f32) -> bool {
        Self::bin(weight) >= self.0
    }

    fn bin(weight: f32) -> u32 {
        weight.abs().to_bits() >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::RankingTraining;
    use crate::ratings::Rating;
    use matinee_model::{MovieRow, RatingScale, UserRow};

    fn ratings(users: u32, movies: u32) -> Vec<Rating> {
        let pairs = (0..users).flat_map(|user| (0..movies).map(move |movie| (user, movie)));
        pairs
            .filter(|(user, movie)| (user * 13 + movie * 7 + user * movie) % 5 < 2)
            .map(|(user, movie)| {
                let value = 2.5 + ((user + movie) % 6) as f32 * 0.5;
                Rating { user: UserRow(user), movie: MovieRow(movie), value }
            })
            .collect()
    }

    /// The weights as the paper writes them.
    fn reference(signals: &Signals, regularisation: f64) -> DMatrix<f64> {
        let mut x = DMatrix::<f64>::zeros(signals.users.len(), signals.movies.len());
        for user in 0..signals.users.len() {
            for &(movie, signal) in signals.users.row(user) {
                x[(user, movie as usize)] = f64::from(signal);
            }
        }
        let order = signals.movies.len();
        let p =
            (x.transpose() * &x + DMatrix::identity(order, order) * regularisation).try_inverse().unwrap();
        DMatrix::from_fn(order, order, |i, j| if i == j { 0.0 } else { -p[(i, j)] / p[(j, j)] })
    }

    #[test]
    fn either_side_gives_the_weights_of_the_paper() {
        for (users, movies) in [(9, 23), (23, 9), (12, 12)] {
            let ratings = ratings(users, movies);
            let training = RankingTraining {
                user_count: users as usize,
                movie_count: movies as usize + 2,
                ratings: &ratings,
                timestamps: None,
                listed: &[],
                scale: RatingScale::MOVIELENS,
                seed: 0,
            };
            let signals = Signals::new(&training);
            let expected = reference(&signals, 3.0);
            let RankingWeights::Ease { offsets, movies: columns, weights } = learn(&signals, 3.0, 1_000)
            else {
                panic!("weights")
            };
            let mut found = DMatrix::<f64>::zeros(expected.nrows(), expected.ncols());
            for row in 0..expected.nrows() {
                for entry in offsets[row] as usize..offsets[row + 1] as usize {
                    found[(row, columns[entry] as usize)] = weights[entry].to_f64();
                }
            }
            let error = (&found - &expected).abs().max();
            assert!(error < 1e-3, "{users} x {movies}: {error}");
        }
    }

    #[test]
    fn the_largest_weights_are_kept() {
        let ratings = ratings(30, 40);
        let training = RankingTraining {
            user_count: 30,
            movie_count: 40,
            ratings: &ratings,
            timestamps: None,
            listed: &[],
            scale: RatingScale::MOVIELENS,
            seed: 0,
        };
        let signals = Signals::new(&training);
        let kept = |per_movie| {
            let RankingWeights::Ease { weights, .. } = learn(&signals, 3.0, per_movie) else {
                panic!("weights")
            };
            weights.iter().map(|weight| weight.to_f32()).collect::<Vec<_>>()
        };
        let (all, some) = (kept(1_000), kept(5));
        let smallest = some.iter().fold(f32::MAX, |smallest, weight| smallest.min(weight.abs()));
        let larger = all.iter().filter(|weight| weight.abs() >= smallest).count();
        assert_eq!(larger, some.len());
        assert!(some.len() <= 200 && some.len() > 100, "{}", some.len());
    }
}
