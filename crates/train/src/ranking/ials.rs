//! `iALS`: factors of users and movies by alternating least squares on signals.
//!
//! Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on Item Recommendation Benchmarks" (2021):
//! every pair counts a little towards 0, pairs with a signal count more towards 1, and the regularisation of a row grows
//! with its number of signals. Rows of one side do not depend on each other.

use matinee_model::ranking::{ImplicitRegression, RankingMethod, RankingWeights};
use ndarray::{Array2, ArrayView2};
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::signals::{Rows, Signals};

/// With more movies than this, rows are shorter, so that a request still reads all of them within 15 ms.
const LARGE_CATALOGUE: usize = 250_000;

/// The standard deviation of the length of a movie's row at the start.
const INITIAL_LENGTH: f32 = 0.1;

pub(super) struct Settings {
    pub(super) rank: usize,
    pub(super) unobserved_weight: f32,
    pub(super) regularisation: f32,
    pub(super) epochs: u32,
}

/// The method for a catalogue of this size, with the hyperparameters that rank a hold-out of `data/` best.
pub(super) fn method_for(movie_count: usize) -> RankingMethod {
    let rank = if movie_count > LARGE_CATALOGUE { 32 } else { 64 };
    RankingMethod::Ials { rank, unobserved_weight: 0.1, regularisation: 0.01, epochs: 8 }
}

pub(super) fn learn(signals: &Signals, settings: Settings, seed: u64) -> RankingWeights {
    let Settings { rank, unobserved_weight, regularisation, epochs } = settings;
    let regression = ImplicitRegression { unobserved_weight, regularisation };
    let mut movies = draw(&signals.movies, rank, seed);
    for _ in 0..epochs {
        let users = solve(&signals.users, &movies, rank, regression);
        movies = solve(&signals.movies, &users, rank, regression);
    }
    let gram = gram(&movies, rank);
    let shaped = |rows: usize, values| Array2::from_shape_vec((rows, rank), values).unwrap_or_default();
    RankingWeights::Ials { gram: shaped(rank, gram), factors: shaped(signals.movies.len(), movies) }
}

/// Random rows for the movies with signals.
fn draw(movies: &Rows, rank: usize, seed: u64) -> Vec<f32> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut rows = vec![0.0; movies.len() * rank];
    let Ok(normal) = Normal::new(0.0, INITIAL_LENGTH / (rank as f32).sqrt()) else { return rows };
    for movie in movies.filled() {
        rows[movie * rank..(movie + 1) * rank].fill_with(|| normal.sample(&mut random));
    }
    rows
}

/// Solves for every row of one side with the other side fixed. Rows without signals are 0.
fn solve(rows: &Rows, others: &[f32], rank: usize, regression: ImplicitRegression) -> Vec<f32> {
    let gram = gram(others, rank);
    let mut solved = vec![0.0; rows.len() * rank];
    solved.par_chunks_mut(rank).enumerate().for_each(|(index, out)| {
        let signals = rows.row(index);
        if signals.is_empty() {
            return;
        }
        if let Some(row) = regression.solve(signals.iter().copied(), others, &gram, rank) {
            out.copy_from_slice(&row.factors);
        }
    });
    solved
}

/// `F' F`, row-major. ndarray computes it on one thread, so the result does not depend on the number of threads.
fn gram(rows: &[f32], rank: usize) -> Vec<f32> {
    let rows = ArrayView2::from_shape((rows.len() / rank, rank), rows);
    rows.map_or_else(|_| Vec::new(), |rows| rows.t().dot(&rows).into_iter().collect())
}
