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
//! posterior is then near its prior; `h` undoes that. Both systems are multiplied in one pass over the ratings, so an
//! [`Improvement`] needs a pass for each step.

mod improvement;

use rayon::prelude::*;

use super::conjugate::{Descent, add};
use super::facts::Facts;
use super::fixed::{FRACTION, message};
use super::layout::Observation;
use super::movies::{Rows, row};
use super::pass::{Outbox, Passed, Step, Sums};
use crate::state::{StateError, StateReader, StateWriter};
pub(super) use improvement::Improvement;
use improvement::Product;
pub(crate) use improvement::SetStep;

/// Steps of conjugate gradients in each epoch, each with a pass over the ratings.
const STEPS: usize = 4;

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
}

impl Sets {
    pub(super) fn new(movie_count: usize, order: usize) -> Self {
        let (single, zeros) = (|| vec![0.0; movie_count], || vec![0.0; movie_count * order]);
        Self { order, roots: single(), shares: single(), rated: zeros(), raters: zeros(), expected: zeros() }
    }

    /// Takes what [`Counting`] has added up.
    pub(super) fn count(&mut self, sums: Sums) {
        let fractions: Vec<f32> =
            sums.into_stripes().flatten_iter().map(|sum| (sum as f64 / FRACTION) as f32).collect();
        (self.roots, self.shares) = fractions.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
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

    /// Begins an improvement. `user_step` is how far the mean of the users has moved since `rows` were computed. The
    /// variances of `y` and `t` are `ratios` times the prior covariances of users and movies.
    pub(super) fn begin(
        &self,
        facts: &Facts,
        rows: Rows,
        user_step: &[f64],
        ratios: [f64; 2],
    ) -> Improvement {
        let mut improvement = Improvement::new(self.order, facts.movie_count());
        improvement.rated_precision = ratios[0].recip() as f32;
        improvement.rater_precision = ratios[1].recip();
        let residual = self.residual(&improvement, &rows, user_step);
        improvement.information = rows.information;
        let diagonal = self.diagonal(&improvement);
        improvement.descent = Descent::new(residual, 2 * self.order, diagonal, 2);
        improvement.descent.turn();
        improvement
    }

    /// Takes a step, given what a pass with [`Improvement::step`] has added up. Returns whether it was the last one.
    pub(super) fn step(&mut self, improvement: &mut Improvement, facts: &Facts, passed: Passed) -> bool {
        let Product { image, of_raters, rater_variances } = improvement.product(facts, passed);
        let Improvement { descent, change, steps_done, .. } = improvement;
        let steps = descent.step(&image);
        descent.add_to(change, &steps);
        add(&mut self.expected, &of_raters, &steps[self.order..]);
        *steps_done += 1;
        let is_last = *steps_done == STEPS;
        if !is_last {
            descent.turn();
        }
        improvement.rater_variances = rater_variances;
        is_last
    }

    /// Ends an improvement. Returns the share of the ratings in the posterior of each movie, and the sum of the posterior
    /// variances of `t_u` over the users, as multiples of the prior covariance.
    pub(super) fn end(&mut self, improvement: Improvement) -> (Vec<f32>, f64) {
        let ones = vec![1.0; self.order];
        for (index, change) in improvement.change.chunks_exact(2 * self.order).enumerate() {
            let own = index * self.order..(index + 1) * self.order;
            let (rated, raters) = change.split_at(self.order);
            add(&mut self.rated[own.clone()], rated, &ones);
            add(&mut self.raters[own], raters, &ones);
        }
        (improvement.information, improvement.rater_variances)
    }

    /// The right sides of both systems: movies x two halves.
    fn residual(&self, system: &Improvement, rows: &Rows, user_step: &[f64]) -> Vec<f32> {
        let order = self.order;
        let rater_precision = system.rater_precision as f32;
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
                    - system.rated_precision * self.rated[place];
                residual[order + entry] =
                    (rows.deviations[place] - rater_precision * self.raters[place]) / share;
            }
        });
        residual
    }

    /// The diagonals of both matrices: movies x 2.
    fn diagonal(&self, system: &Improvement) -> Vec<f32> {
        let each = self.shares.iter().zip(&system.information).flat_map(|(&share, &information)| {
            // The diagonal of K is 1. Movies without ratings have residuals of 0, so any number will do.
            let raters = if information > 0.0 { system.rater_precision as f32 / information } else { 0.0 };
            [share + system.rated_precision, 1.0 + raters]
        });
        each.collect()
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        for rows in [&self.rated, &self.raters, &self.expected] {
            state.floats(rows);
        }
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        for rows in [&mut self.rated, &mut self.raters, &mut self.expected] {
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
        2
    }

    fn rated_message(&self) -> usize {
        0
    }

    #[inline(always)]
    fn send(&self, (): &mut (), ratings: &[Observation], outbox: Outbox<'_>) {
        outbox.totals[0] += ratings.iter().map(|rating| i64::from(rating.steps).pow(2)).sum::<i64>();
        let share = (ratings.len() as f64).recip();
        outbox.message.copy_from_slice(&[share.sqrt(), share].map(|number| message(number, FRACTION)));
    }
}
