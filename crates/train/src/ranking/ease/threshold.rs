//! Which weights are kept.

use half::f16;
use rayon::prelude::*;

use super::{Group, TOGETHER};

/// The approximate number of movies whose weights decide which weights are kept.
const SAMPLED_MOVIES: usize = 1_024;

/// The smallest magnitude of a weight that is kept.
pub(super) struct Threshold(u32);

impl Threshold {
    /// Counts magnitudes by the upper half of their bits, which sort like the floats. So the weights do not have to be
    /// sorted, and the result does not depend on the order of counting. If there are many movies, counts every n-th.
    pub(super) fn find(
        movies: &[usize],
        per_movie: usize,
        weights_from: impl Fn(&[usize]) -> Vec<Group> + Sync,
    ) -> Self {
        let step = movies.len().div_ceil(SAMPLED_MOVIES).max(1);
        let movies: Vec<usize> = movies.iter().copied().step_by(step).collect();
        let budget = movies.len() * per_movie;
        let empty = || vec![0_u64; 1 << 15];
        let counts = movies
            .par_chunks(TOGETHER)
            .fold(empty, |mut counts, movies| {
                for weights in weights_from(movies) {
                    weights[..movies.len()].iter().for_each(|&weight| counts[bin(weight) as usize] += 1);
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

    /// The weights of the first `count` movies of a group that are kept, each with the movie that it is for.
    pub(super) fn kept(&self, weights: &[Group], count: usize) -> Vec<Vec<(u32, f16)>> {
        let mut kept = vec![Vec::new(); count];
        for (other, weights) in (0..).zip(weights) {
            let largest = weights.iter().fold(0, |largest, &weight| bin(weight).max(largest));
            if largest < self.0 {
                continue;
            }
            for (kept, &weight) in kept.iter_mut().zip(weights) {
                if bin(weight) >= self.0 {
                    kept.push((other, f16::from_f32(weight)));
                }
            }
        }
        kept
    }
}

fn bin(weight: f32) -> u32 {
    weight.abs().to_bits() >> 16
}
