//! The states of eight chains as factor models by row, including rows without ratings.

use ndarray::{Array1, Array2};

use super::block::Block;
use super::chains::Chains;
use super::lanes::Lanes;
use super::layout::{Layout, Side};
use super::posterior::Sample;
use super::unseen::Unseen;

/// One sample of each of eight chains.
pub(super) struct Samples {
    intercept: Lanes,
    users: SideSamples,
    movies: SideSamples,
}

/// One side of the samples.
struct SideSamples {
    /// By row.
    biases: Vec<Lanes>,
    /// By factor, then by row.
    factors: Vec<Vec<Lanes>>,
    /// By row: the contribution of the row's feature in the sets of the other side, `w + <v, factors>`.
    membership: Vec<Lanes>,
}

impl Samples {
    pub(super) fn new(chains: &Chains, layout: &Layout, [no_users, no_movies]: &[Unseen; 2]) -> Self {
        let mut users = SideSamples::new(&chains.users, &layout.users, no_users);
        let mut movies = SideSamples::new(&chains.movies, &layout.movies, no_movies);
        users.add_membership(&layout.users, &chains.movies, &layout.movies);
        movies.add_membership(&layout.movies, &chains.users, &layout.users);
        Self { intercept: chains.intercept, users, movies }
    }

    /// The sample of one chain.
    pub(super) fn of(&self, lane: usize) -> Sample {
        Sample {
            intercept: self.intercept.0[lane],
            user_biases: column(&self.users.biases, lane),
            movie_biases: column(&self.movies.biases, lane),
            user_factors: self.users.matrix(lane),
            movie_factors: self.movies.matrix(lane),
            user_membership: column(&self.users.membership, lane),
            movie_membership: column(&self.movies.membership, lane),
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
        Self { biases, factors, membership: Vec::new() }
    }

    fn add_membership(&mut self, side: &Side, sets: &Block, other: &Side) {
        let of_set = |plane: usize, entity: &Option<u32>| {
            entity.map_or(Lanes::ZERO, |entity| sets.of_set(&other.features, plane, entity))
        };
        self.membership = side.entities.iter().map(|entity| of_set(0, entity)).collect();
        for (factor, plane) in self.factors.iter().enumerate() {
            for ((sum, entity), &own) in self.membership.iter_mut().zip(&side.entities).zip(plane) {
                *sum += of_set(1 + factor, entity) * own;
            }
        }
    }

    /// Rows x factors of one chain.
    fn matrix(&self, lane: usize) -> Array2<f32> {
        let mut matrix = Array2::zeros((self.biases.len(), self.factors.len()));
        for (mut column, plane) in matrix.columns_mut().into_iter().zip(&self.factors) {
            for (to, from) in column.iter_mut().zip(plane) {
                *to = from.0[lane];
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

fn column(lanes: &[Lanes], lane: usize) -> Array1<f32> {
    lanes.iter().map(|lanes| lanes.0[lane]).collect()
}
