//! A finished ranking head in a checkpoint.

use half::f16;
use matinee_model::ranking::{RankingHead, RankingMethod, RankingWeights, Recency};
use ndarray::Array2;

use super::RankedHead;
use super::learning::{restore_candidates, save_candidates};
use crate::state::{StateError, StateReader, StateWriter};

impl RankedHead {
    /// Writes the head and its weights.
    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        save_candidates(&self.head.candidates, state);
        // JSON keeps numbers of single precision exactly.
        state.value(&(self.head.method, self.head.recency));
        match &self.weights {
            RankingWeights::Ease { offsets, movies, weights } => {
                state.whole_numbers(offsets.iter().copied());
                state.whole_numbers(movies.iter().copied());
                state.whole_numbers(weights.iter().map(|weight| weight.to_bits().into()));
            }
            RankingWeights::Ials { factors, gram } => {
                state.number(factors.nrows() as u64);
                state.each_float(factors.len(), factors.iter().copied());
                state.each_float(gram.len(), gram.iter().copied());
            }
        }
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(crate) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let candidates = restore_candidates(state)?;
        let (method, recency): (RankingMethod, Option<Recency>) = state.value()?;
        let weights = match method {
            RankingMethod::Ease { .. } => {
                let (offsets, movies) = (state.whole_numbers()?, state.whole_numbers()?);
                let weights = state.whole_numbers()?;
                let weights = weights.into_iter().map(|bits| f16::from_bits(bits as u16)).collect();
                RankingWeights::Ease { offsets, movies, weights }
            }
            RankingMethod::Ials { rank, .. } => {
                let (rank, movies) = (rank as usize, state.number()? as usize);
                let mut matrix = |rows: usize| {
                    let mut floats = vec![0.0; rows * rank];
                    state.floats(&mut floats)?;
                    Array2::from_shape_vec((rows, rank), floats)
                        .map_err(|error| StateError::new(error.to_string()))
                };
                RankingWeights::Ials { factors: matrix(movies)?, gram: matrix(rank)? }
            }
        };
        Ok(Self { head: RankingHead { method, recency, candidates }, weights })
    }
}
