//! The users or the movies of an SVD in training, and how they are shared between threads.

use crate::state::{StateError, StateReader, StateWriter};

/// Biases and factors of the users, or of the movies, by place.
pub(super) struct Side {
    biases: Vec<f32>,
    factors: Vec<f32>,
    stride: usize,
}

/// A range of places of one side, borrowed by the thread that visits a block.
pub(super) struct SideBlock<'a> {
    biases: &'a mut [f32],
    factors: &'a mut [f32],
    stride: usize,
}

impl Side {
    pub(super) fn new(factors: Vec<f32>, stride: usize) -> Self {
        Self { biases: vec![0.0; factors.len() / stride], factors, stride }
    }

    pub(super) fn bias(&self, place: u32) -> f32 {
        self.biases[place as usize]
    }

    /// The factors at a place, padding included.
    pub(super) fn factors(&self, place: u32) -> &[f32] {
        &self.factors[place as usize * self.stride..][..self.stride]
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.floats(&self.biases);
        state.floats(&self.factors);
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.floats(&mut self.biases)?;
        state.floats(&mut self.factors)
    }

    /// Splits the side at these bounds.
    pub(super) fn blocks(&mut self, bounds: &[usize]) -> Vec<SideBlock<'_>> {
        let stride = self.stride;
        let (mut biases, mut factors) = (self.biases.as_mut_slice(), self.factors.as_mut_slice());
        let mut blocks = Vec::with_capacity(bounds.len() - 1);
        for block in bounds.windows(2) {
            let places = block[1] - block[0];
            let (own_biases, later_biases) = biases.split_at_mut(places);
            let (own_factors, later_factors) = factors.split_at_mut(places * stride);
            blocks.push(SideBlock { biases: own_biases, factors: own_factors, stride });
            (biases, factors) = (later_biases, later_factors);
        }
        blocks
    }
}

impl SideBlock<'_> {
    /// Bias and factors at a place of this block.
    #[inline(always)]
    pub(super) fn row(&mut self, place: u32) -> (&mut f32, &mut [f32]) {
        let place = place as usize;
        let start = place * self.stride;
        (&mut self.biases[place], &mut self.factors[start..start + self.stride])
    }
}
