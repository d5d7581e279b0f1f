//! Rated sets and rater sets: which movies a user rated says something about the user, and who rated a movie about the
//! movie, whatever the ratings are.
//!
//! The prior mean of a user is `m + n_u^-1/2 sum y_j` over the rated movies (Koren's SVD++, 2008), and that of a movie is
//! `m + n_i^-1/2 sum t_u` over its raters. Users have no stored state, but `t_u` needs none: as the gradient of every `t_u`
//! is a sum over the user's movies, `t_u = sum n_i^-1/2 a_i` with a vector `a_i` for each movie. So `y` and `a` are solved
//! for, both by movie:
//!
//! ```text
//! (sum_u c_u c_u' / n_u + 1/ratio) change of y = sum_u n_u^-1/2 (deviation of u) - y / ratio
//! (K + 1/(h ratio)) change of a = (deviation of i - a / ratio) / h          K_ij = common raters / (n_i n_j)^1/2
//! ```
//!
//! where `h` is the share of the ratings in a movie's posterior. A deviation is small if there are few ratings, because the
//! posterior is then near its prior; `h` undoes that.
//!
//! Each epoch takes one step of conjugate gradients in both systems. The direction is chosen at the end of the epoch before,
//! so the pass over the ratings that computes the posteriors also multiplies it by both matrices.

mod search;

use rayon::prelude::*;

use super::conjugate::{Descent, add};
use super::facts::Facts;
use super::fixed::{joined, split};
use super::layout::Observation;
use super::movies::{Rows, row};
use super::pass::{Outbox, Step};
use super::sums::Sums;
use crate::state::{StateError, StateReader, StateWriter};
use search::Scales;
pub(super) use search::{Search, root};

/// The shares of a step that are taken, for `y` and for `a`. Both systems, the posteriors and the priors move in the same
/// epoch, and with whole steps they need more epochs. The shares were found by trial, on real and on generated ratings.
const DAMPING: [f32; 2] = [0.9, 0.7];

/// What the sets add to prior means.
pub(super) struct Sets {
    order: usize,
    /// `sum n_u^-1/2` over the raters of each movie
    roots: Vec<f32>,
    /// `sum 1/n_u` over the raters of each movie
    pub(super) shares: Vec<f32>,
    /// `y`: movies x order
    rated: Vec<f32>,
    /// `a`: movies x order
    raters: Vec<f32>,
    /// `K a`, which is what the rater sets add to the prior means of movies: movies x order
    expected: Vec<f32>,
    /// The direction in which `y` and `a` move next: movies x two halves
    direction: Vec<f32>,
    /// `h` in the epoch before, which is 0 for movies without ratings
    information: Vec<f32>,
}

impl Sets {
    pub(super) fn new(movie_count: usize, order: usize) -> Self {
        let zeros = |width: usize| vec![0.0; movie_count * width];
        Self {
            order,
            roots: zeros(1),
            shares: zeros(1),
            rated: zeros(order),
            raters: zeros(order),
            expected: zeros(order),
            direction: zeros(2 * order),
            information: zeros(1),
        }
    }

    /// Takes what [`Counting`] has added up.
    pub(super) fn count(&mut self, sums: &Sums) {
        for (movie, (root, share)) in self.roots.iter_mut().zip(&mut self.shares).enumerate() {
            let mut numbers = [0.0; 4];
            sums.write(movie, &mut numbers);
            let [root_high, root_low, share_high, share_low] = numbers;
            *root = joined([root_high, root_low]) as f32;
            *share = joined([share_high, share_low]) as f32;
        }
    }

    /// `y`: what a movie adds to the sets of its raters.
    #[inline(always)]
    pub(super) fn rated(&self, movie: u32) -> &[f32] {
        row(&self.rated, movie, self.order)
    }

    /// `y` of all movies.
    pub(super) fn all_rated(&self) -> &[f32] {
        &self.rated
    }

    /// `a`: what a movie adds to the features of its raters.
    #[inline(always)]
    pub(super) fn raters(&self, movie: u32) -> &[f32] {
        row(&self.raters, movie, self.order)
    }

    /// What the rater set of a movie adds to its prior mean.
    pub(super) fn expected_of(&self, movie: u32) -> &[f32] {
        row(&self.expected, movie, self.order)
    }

    /// `K a`: what the rater sets add to the prior means of the movies.
    pub(super) fn expected(&self) -> &[f32] {
        &self.expected
    }

    /// The share of the ratings in the posterior of a movie.
    pub(super) fn information(&self, movie: u32) -> f32 {
        self.information[movie as usize]
    }

    /// What the next pass multiplies by the matrices. `ratio` is that of the rater sets: see [`improve`](Self::improve).
    pub(super) fn search<'a>(&'a self, facts: &'a Facts, ratio: f64) -> Search<'a> {
        let scales = Scales::of(facts, &self.direction, 2 * self.order);
        Search::new(facts, &self.direction, &scales, &self.information, ratio.recip())
    }

    /// Takes a step, and chooses the direction of the next one. `user_step` is how far the mean of the users has moved since
    /// `rows` were computed. The variances of `y` and `t` are `ratios` times the prior covariances of users and movies.
    pub(super) fn improve(&mut self, facts: &Facts, rows: Rows, user_step: &[f64], ratios: [f64; 2]) {
        let precisions = ratios.map(|ratio| ratio.recip() as f32);
        let residual = self.residual(&rows, user_step, precisions);
        let Rows { information, for_sets: mut image, deviations, of_raters } = rows;
        // Their memory is needed below.
        drop((deviations, of_raters));
        self.information = information;
        let direction = std::mem::take(&mut self.direction);
        Scales::of(facts, &direction, 2 * self.order).restore(facts, &mut image);
        let expected: Vec<f32> =
            image.chunks_exact(2 * self.order).flat_map(|row| &row[self.order..]).copied().collect();
        self.add_priors(&mut image, &direction, precisions);

        let mut descent = Descent::new(residual, self.diagonal(precisions), direction, 2 * self.order, 2);
        let steps = descent.step(&image, &DAMPING);
        self.advance(descent.direction(), &steps);
        add(&mut self.expected, &expected, &steps[self.order..]);
        descent.turn(&image);
        self.direction = descent.into_direction();
    }

    /// Adds the part of the priors to the product of the matrices with a direction.
    fn add_priors(&self, image: &mut [f32], direction: &[f32], [rated, raters]: [f32; 2]) {
        let order = self.order;
        let rows =
            image.par_chunks_mut(2 * order).zip(direction.par_chunks(2 * order)).zip(&self.information);
        rows.filter(|(_, share)| **share > 0.0).for_each(|((image, direction), &share)| {
            for (precision, half) in [(rated, 0..order), (raters / share, order..2 * order)] {
                let entries = image[half.clone()].iter_mut().zip(&direction[half]);
                entries.for_each(|(image, &entry)| *image += precision * entry);
            }
        });
    }

    /// Moves `y` and `a` along a direction.
    fn advance(&mut self, direction: &[f32], steps: &[f32]) {
        let order = self.order;
        let rows = self.rated.par_chunks_mut(order).zip(self.raters.par_chunks_mut(order));
        rows.zip(direction.par_chunks(2 * order)).for_each(|((rated, raters), direction)| {
            let entries = rated.iter_mut().chain(raters).zip(direction.iter().zip(steps));
            entries.for_each(|(to, (&entry, &step))| *to += step * entry);
        });
    }

    /// The right sides of both systems minus their left sides: movies x two halves. `precisions` are those of the priors of
    /// `y` and `t`.
    fn residual(&self, rows: &Rows, user_step: &[f64], precisions: [f32; 2]) -> Vec<f32> {
        let order = self.order;
        let mut residual = vec![0.0; 2 * self.rated.len()];
        residual.par_chunks_mut(2 * order).enumerate().for_each(|(movie, residual)| {
            let share = rows.information[movie];
            if share == 0.0 {
                return;
            }
            for entry in 0..order {
                let place = movie * order + entry;
                residual[entry] = rows.of_raters[place]
                    - user_step[entry] as f32 * self.roots[movie]
                    - precisions[0] * self.rated[place];
                residual[order + entry] =
                    (rows.deviations[place] - precisions[1] * self.raters[place]) / share;
            }
        });
        residual
    }

    /// The diagonals of both matrices: movies x 2.
    fn diagonal(&self, precisions: [f32; 2]) -> Vec<f32> {
        let each = self.shares.iter().zip(&self.information).flat_map(|(&share, &information)| {
            // The diagonal of K is 1. Movies without ratings have residuals of 0, so any number will do.
            let raters = if information > 0.0 { precisions[1] / information } else { 0.0 };
            [share + precisions[0], 1.0 + raters]
        });
        each.collect()
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        for rows in [&self.rated, &self.raters, &self.expected, &self.direction, &self.information] {
            state.floats(rows);
        }
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        let Self { rated, raters, expected, direction, information, .. } = self;
        for rows in [rated, raters, expected, direction, information] {
            state.floats(rows)?;
        }
        Ok(())
    }

    /// Writes what [`count`](Self::count) took, which no epoch changes.
    pub(super) fn save_counts(&self, state: &mut StateWriter<'_>) {
        state.floats(&self.roots);
        state.floats(&self.shares);
    }

    pub(super) fn restore_counts(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.floats(&mut self.roots)?;
        state.floats(&mut self.shares)
    }
}

/// Sends `n_u^-1/2` and `1/n_u`. The total is the sum of the squared ratings in squared [steps](super::facts::STEPS).
pub(super) struct Counting;

impl Step for Counting {
    type Work = ();

    fn work(&self) {}

    fn totals(&self) -> usize {
        1
    }

    fn message(&self) -> usize {
        4
    }

    fn rated_message(&self) -> usize {
        0
    }

    #[inline(always)]
    fn send(&self, (): &mut (), ratings: &[Observation], outbox: Outbox<'_>) {
        outbox.totals[0] += ratings.iter().map(|rating| i64::from(rating.steps).pow(2)).sum::<i64>();
        let share = (ratings.len() as f64).recip();
        outbox.message.copy_from_slice([share.sqrt(), share].map(split).as_flattened());
    }
}
