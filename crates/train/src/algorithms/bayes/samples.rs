//! The sum of the states of eight chains: a factor model by row, including rows without ratings.

use ndarray::{Array1, Array2, ArrayView1};

use super::block::Block;
use super::chains::Chains;
use super::lanes::{LANES, Lanes};
use super::layout::{Layout, Side};
use super::posterior::Sample;
use super::unseen::Unseen;

/// One side of the samples.
struct SideSamples {
    /// By row.
    biases: Vec<Lanes>,
    /// Rows x factors, those of all chains side by side: products of such rows are sums over the chains.
    factors: Array2<f32>,
}

impl Sample {
    /// The sum of the scores of all chains.
    pub(super) fn of(chains: &Chains, layout: &Layout, [no_users, no_movies]: &[Unseen; 2]) -> Self {
        let users = SideSamples::new(&chains.users, &layout.users, no_users);
        let movies = SideSamples::new(&chains.movies, &layout.movies, no_movies);
        Self {
            chains: LANES,
            intercept: chains.intercept.sum(),
            user_biases: sums(&users.biases),
            movie_biases: sums(&movies.biases),
            user_membership: sums(&users.membership(&layout.users, &chains.movies, &layout.movies)),
            movie_membership: sums(&movies.membership(&layout.movies, &chains.users, &layout.users)),
            user_factors: users.factors,
            movie_factors: movies.factors,
        }
    }
}

impl SideSamples {
    fn new(block: &Block, side: &Side, unseen: &Unseen) -> Self {
        let rows = side.entities.len();
        let mut biases = vec![Lanes::ZERO; rows];
        let mut factors = Array2::zeros((rows, block.factors.len() * LANES));
        for (entity, &row) in side.rows.iter().enumerate() {
            biases[row as usize] = block.biases[entity];
            for (to, plane) in chunks_mut(&mut factors, row as usize).iter_mut().zip(&block.factors) {
                *to = plane[entity].0;
            }
        }
        unseen.expect(block, side, &mut biases, &mut factors);
        Self { biases, factors }
    }

    /// By row: the contribution of the row's feature in the sets of the other side, `w + <v, factors>`.
    fn membership(&self, side: &Side, sets: &Block, other: &Side) -> Vec<Lanes> {
        let of_row = |(entity, own): (&Option<u32>, ArrayView1<'_, f32>)| {
            let Some(entity) = *entity else { return Lanes::ZERO };
            let mut sum = sets.of_set(&other.features, 0, entity);
            let factors = own.to_slice().unwrap_or_default().as_chunks().0;
            for (factor, &own) in factors.iter().enumerate() {
                sum += sets.of_set(&other.features, 1 + factor, entity) * Lanes(own);
            }
            sum
        };
        side.entities.iter().zip(self.factors.rows()).map(of_row).collect()
    }
}

/// The factors of a row: for each factor, those of the eight chains.
pub(super) fn chunks_mut(factors: &mut Array2<f32>, row: usize) -> &mut [[f32; LANES]] {
    factors.row_mut(row).into_slice().unwrap_or_default().as_chunks_mut().0
}

fn sums(lanes: &[Lanes]) -> Array1<f32> {
    lanes.iter().map(|lanes| lanes.sum()).collect()
}
