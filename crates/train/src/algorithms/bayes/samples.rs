//! The sum of the states of eight chains: a factor model by row, including rows without ratings.

use ndarray::{Array1, Array2};

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
    /// By factor, then by row.
    factors: Vec<Vec<Lanes>>,
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
            user_factors: users.matrix(),
            movie_factors: movies.matrix(),
        }
    }
}

impl SideSamples {
    fn new(block: &Block, side: &Side, unseen: &Unseen) -> Self {
        let rows = side.entities.len();
        let mut biases = scatter(&block.biases, side, rows);
        let mut factors: Vec<Vec<Lanes>> =
            block.factors.iter().map(|plane| scatter(plane, side, rows)).collect();
        unseen.expect(block, side, &mut biases, &mut factors);
        Self { biases, factors }
    }

    /// By row: the contribution of the row's feature in the sets of the other side, `w + <v, factors>`.
    fn membership(&self, side: &Side, sets: &Block, other: &Side) -> Vec<Lanes> {
        let of_set = |plane: usize, entity: &Option<u32>| {
            entity.map_or(Lanes::ZERO, |entity| sets.of_set(&other.features, plane, entity))
        };
        let mut membership: Vec<Lanes> = side.entities.iter().map(|entity| of_set(0, entity)).collect();
        for (factor, plane) in self.factors.iter().enumerate() {
            for ((sum, entity), &own) in membership.iter_mut().zip(&side.entities).zip(plane) {
                *sum += of_set(1 + factor, entity) * own;
            }
        }
        membership
    }

    /// Rows x factors, those of all chains side by side: products of such rows are sums over the chains.
    fn matrix(&self) -> Array2<f32> {
        let mut matrix = Array2::zeros((self.biases.len(), self.factors.len() * LANES));
        for (index, mut row) in matrix.rows_mut().into_iter().enumerate() {
            let chunks = row.as_slice_mut().unwrap_or_default().as_chunks_mut().0;
            for (to, plane) in chunks.iter_mut().zip(&self.factors) {
                *to = plane[index].0;
            }
        }
        matrix
    }
}

/// Moves the values of entities to their rows.
fn scatter(of_entities: &[Lanes], side: &Side, rows: usize) -> Vec<Lanes> {
    let mut by_row = vec![Lanes::ZERO; rows];
    for (&row, &lanes) in side.rows.iter().zip(of_entities) {
        by_row[row as usize] = lanes;
    }
    by_row
}

fn sums(lanes: &[Lanes]) -> Array1<f32> {
    lanes.iter().map(|lanes| lanes.sum()).collect()
}
