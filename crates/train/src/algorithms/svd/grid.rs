//! The order in which the ratings are visited: parallel, cache-resident, and the same on any machine.
//!
//! Gemulla et al., "Large-Scale Matrix Factorization with Distributed Stochastic Gradient Descent" (2011):
//! users and movies are cut into the same number of blocks, which cuts the ratings into a grid. Blocks that share neither
//! users nor movies (a stratum) can be visited in parallel without affecting each other, so the result does not depend on
//! the number of threads. Users and movies are placed at random, so that blocks have similar sizes. The ratings of a block
//! are in random order, and so are the strata of each pass.

use pulp::Arch;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::kernel::{BlockPass, BlockRating, Step};
use super::side::Side;
use crate::algorithm::Training;

/// The ratings, cut into blocks.
pub(super) struct Grid {
    /// The number of blocks on each side.
    side: usize,
    user_places: Vec<Option<u32>>,
    movie_places: Vec<Option<u32>>,
    user_bounds: Vec<usize>,
    movie_bounds: Vec<usize>,
    /// Block `(u, m)` is `ratings[starts[u * side + m]..starts[u * side + m + 1]]`.
    starts: Vec<usize>,
    ratings: Vec<BlockRating>,
}

impl Grid {
    pub(super) fn new(training: &Training<'_>, stride: usize, random: &mut Xoshiro256PlusPlus) -> Self {
        let (user_places, users) = random_places(
            training.user_count,
            training.ratings.iter().map(|rating| rating.user.index()),
            random,
        );
        let (movie_places, movies) = random_places(
            training.movie_count,
            training.ratings.iter().map(|rating| rating.movie.index()),
            random,
        );
        let side = blocks_per_side(users, movies, training.ratings.len(), stride);
        let user_bounds = bounds(users, side);
        let movie_bounds = bounds(movies, side);
        let mut grid = Self {
            side,
            user_places,
            movie_places,
            user_bounds,
            movie_bounds,
            starts: Vec::new(),
            ratings: Vec::new(),
        };
        grid.sort_into_blocks(training, random);
        grid
    }

    /// The place of each user row. `None` for users without ratings.
    pub(super) fn user_places(&self) -> &[Option<u32>] {
        &self.user_places
    }

    /// The place of each movie row. `None` for movies without ratings.
    pub(super) fn movie_places(&self) -> &[Option<u32>] {
        &self.movie_places
    }

    /// The number of ratings.
    pub(super) fn rating_count(&self) -> usize {
        self.ratings.len()
    }

    /// Visits every rating once. Returns the sum of squared errors, each before its update.
    pub(super) fn pass(
        &mut self,
        users: &mut Side,
        movies: &mut Side,
        step: Step,
        random: &mut Xoshiro256PlusPlus,
    ) -> f64 {
        let mut strata: Vec<usize> = (0..self.side).collect();
        strata.shuffle(random);
        let mut user_blocks = users.blocks(&self.user_bounds);
        let mut movie_blocks = movies.blocks(&self.movie_bounds);
        let arch = Arch::new();
        let mut squares = 0.0;
        let mut rotated = 0;
        for stratum in strata {
            movie_blocks.rotate_left((stratum + self.side - rotated) % self.side);
            rotated = stratum;
            let pairs = user_blocks.par_iter_mut().zip(movie_blocks.par_iter_mut());
            let visits = pairs.enumerate().map(|(user_block, (users, movies))| {
                let ratings = self.block(user_block, (user_block + stratum) % self.side);
                arch.dispatch(BlockPass { step, ratings, users, movies })
            });
            // Summed in the order of the blocks: a parallel sum would depend on the number of threads.
            squares += visits.collect::<Vec<f64>>().iter().sum::<f64>();
        }
        squares
    }

    fn block(&self, user_block: usize, movie_block: usize) -> &[BlockRating] {
        let block = user_block * self.side + movie_block;
        &self.ratings[self.starts[block]..self.starts[block + 1]]
    }

    /// Counting sort of the shuffled ratings by block.
    fn sort_into_blocks(&mut self, training: &Training<'_>, random: &mut Xoshiro256PlusPlus) {
        let mut order: Vec<u32> = (0..training.ratings.len() as u32).collect();
        order.shuffle(random);
        let placed = |&index: &u32| {
            let rating = training.ratings.get(index as usize);
            let user = self.user_places[rating.user.index()].unwrap_or_default();
            let movie = self.movie_places[rating.movie.index()].unwrap_or_default();
            let (user_block, movie_block) =
                (of_block(user, &self.user_bounds), of_block(movie, &self.movie_bounds));
            let in_block = BlockRating {
                user: user - self.user_bounds[user_block] as u32,
                movie: movie - self.movie_bounds[movie_block] as u32,
                value: rating.value,
            };
            (user_block * self.side + movie_block, in_block)
        };
        let mut starts = vec![0; self.side * self.side + 1];
        for (block, _) in order.iter().map(placed) {
            starts[block + 1] += 1;
        }
        for block in 1..starts.len() {
            starts[block] += starts[block - 1];
        }
        let mut next = starts.clone();
        let mut ratings = vec![BlockRating { user: 0, movie: 0, value: 0.0 }; order.len()];
        for (block, rating) in order.iter().map(placed) {
            ratings[next[block]] = rating;
            next[block] += 1;
        }
        self.starts = starts;
        self.ratings = ratings;
    }
}

/// Gives each occurring row a random place. Returns the places and their number.
fn random_places(
    rows: usize,
    occurring: impl Iterator<Item = usize>,
    random: &mut Xoshiro256PlusPlus,
) -> (Vec<Option<u32>>, usize) {
    let mut occurs = vec![false; rows];
    for row in occurring {
        occurs[row] = true;
    }
    let mut shuffled: Vec<usize> = (0..rows).filter(|&row| occurs[row]).collect();
    shuffled.shuffle(random);
    let mut places = vec![None; rows];
    for (place, &row) in (0..).zip(&shuffled) {
        places[row] = Some(place);
    }
    (places, shuffled.len())
}

/// The number of blocks per side: enough that the factors of a block stay in the second-level cache, but not so many that
/// starting a thread takes longer than a block.
fn blocks_per_side(users: usize, movies: usize, ratings: usize, stride: usize) -> usize {
    const CACHE_BYTES: usize = 256 << 10;
    const MIN_BLOCK_RATINGS: usize = 512;
    let factor_bytes = (users + movies) * stride * size_of::<f32>();
    let for_cache = factor_bytes.div_ceil(CACHE_BYTES).max(4);
    let for_work = (ratings / MIN_BLOCK_RATINGS).isqrt();
    for_cache.min(for_work).clamp(1, users.min(movies).clamp(1, 256))
}

/// `blocks + 1` ascending bounds from 0 to `places`, evenly spread.
fn bounds(places: usize, blocks: usize) -> Vec<usize> {
    (0..=blocks).map(|block| places * block / blocks).collect()
}

/// The block of `place`.
fn of_block(place: u32, bounds: &[usize]) -> usize {
    bounds.partition_point(|&bound| bound <= place as usize) - 1
}
