//! `iALS`: factors of users and movies by alternating least squares on signals.
//!
//! Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on Item Recommendation Benchmarks" (2021):
//! every pair counts a little towards 0, pairs with a signal count more towards 1, and the regularisation of a row grows
//! with its number of signals. Rows of one side do not depend on each other.

use matinee_model::ranking::{ImplicitRegression, RankingMethod, RankingWeights};
use ndarray::{Array2, ArrayView2};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

use super::signals::{Rows, Signals};
use crate::seeds;
use crate::state::{StateError, StateReader, StateWriter};

/// With more movies than this, rows are shorter, so that a request still reads all of them within 15 ms.
const LARGE_CATALOGUE: usize = 250_000;

/// The standard deviation of the length of a movie's row at the start.
const INITIAL_LENGTH: f32 = 0.1;

/// The method for a catalogue of this size, with the hyperparameters that rank a hold-out of `data/` best.
pub(super) fn method_for(movie_count: usize) -> RankingMethod {
    let rank = if movie_count > LARGE_CATALOGUE { 32 } else { 64 };
    RankingMethod::Ials { rank, unobserved_weight: 0.1, regularisation: 0.01, epochs: 8 }
}

/// An unfinished training: the factors of the movies after some epochs.
pub(super) struct Ials {
    settings: Settings,
    movies: Vec<f32>,
    done: u32,
}

struct Settings {
    rank: usize,
    regression: ImplicitRegression,
    epochs: u32,
}

impl Settings {
    /// The settings of the method, with no epochs for other methods.
    fn of(method: RankingMethod) -> Self {
        let (rank, unobserved_weight, regularisation, epochs) = match method {
            RankingMethod::Ials { rank, unobserved_weight, regularisation, epochs } => {
                (rank as usize, unobserved_weight, regularisation, epochs)
            }
            RankingMethod::Ease { .. } => (1, 0.0, 0.0, 0),
        };
        Self { rank, regression: ImplicitRegression { unobserved_weight, regularisation }, epochs }
    }
}

impl Ials {
    pub(super) fn begin(signals: &Signals, method: RankingMethod, seed: u64) -> Self {
        let settings = Settings::of(method);
        Self { movies: draw(&signals.movies, settings.rank, seed), settings, done: 0 }
    }

    pub(super) fn epochs_done(&self) -> usize {
        self.done as usize
    }

    pub(super) fn is_done(&self) -> bool {
        self.done >= self.settings.epochs
    }

    /// One epoch: solves for the users, then for the movies.
    pub(super) fn epoch(&mut self, signals: &Signals) {
        let Settings { rank, regression, .. } = self.settings;
        let users = solve(&signals.users, &self.movies, rank, regression);
        self.movies = solve(&signals.movies, &users, rank, regression);
        self.done += 1;
    }

    pub(super) fn into_weights(self) -> RankingWeights {
        let rank = self.settings.rank;
        let gram = gram(&self.movies, rank);
        let shaped = |values: Vec<f32>| {
            Array2::from_shape_vec((values.len() / rank, rank), values).unwrap_or_default()
        };
        RankingWeights::Ials { gram: shaped(gram), factors: shaped(self.movies) }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.number(u64::from(self.done));
        state.floats(&self.movies);
    }

    pub(super) fn restore(
        method: RankingMethod,
        movie_count: usize,
        state: &mut StateReader<'_>,
    ) -> Result<Self, StateError> {
        let settings = Settings::of(method);
        let done = state.number()? as u32;
        let mut movies = vec![0.0; movie_count * settings.rank];
        state.floats(&mut movies)?;
        Ok(Self { settings, movies, done })
    }
}

/// Trains all epochs.
pub(super) fn learn(signals: &Signals, method: RankingMethod, seed: u64) -> RankingWeights {
    let mut ials = Ials::begin(signals, method, seed);
    while !ials.is_done() {
        ials.epoch(signals);
    }
    ials.into_weights()
}

/// Random rows for the movies with signals.
fn draw(movies: &Rows, rank: usize, seed: u64) -> Vec<f32> {
    let mut random = seeds::generator(seed, "ials");
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
