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
//! posterior is then near its prior; `h` undoes that. Both systems are multiplied in one pass over the ratings.

use rayon::prelude::*;

use super::conjugate::{Descent, add};
use super::fixed::{FRACTION, in_total, message, total};
use super::layout::{Layout, Observation};
use super::movies::{Rows, row};
use super::pass::{Outbox, Step, Sums, pass};
use crate::state::{StateError, StateReader, StateWriter};

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
    pub(super) fn new(layout: &Layout, order: usize) -> Self {
        let (sums, _) = pass(&Counting, layout);
        let fractions: Vec<f32> =
            sums.into_stripes().flatten_iter().map(|sum| (sum as f64 / FRACTION) as f32).collect();
        let (roots, shares) = fractions.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
        let zeros = || vec![0.0; layout.movie_count() * order];
        Self { order, roots, shares, rated: zeros(), raters: zeros(), expected: zeros() }
    }

    /// `y`: what a movie adds to the sets of its raters.
    #[inline(always)]
    pub(super) fn rated(&self, movie: u32) -> &[f32] {
        row(&self.rated, movie, self.order)
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

    /// Improves the sets. `user_step` is how far the mean of the users has moved since `rows` were computed. The variances
    /// of `y` and `t` are `ratios` times the prior covariances of users and movies. Returns the sum of the posterior
    /// variances of `t_u` over the users, as multiples of the prior covariance.
    pub(super) fn improve(
        &mut self,
        layout: &Layout,
        rows: &Rows,
        user_step: &[f64],
        ratios: [f64; 2],
    ) -> f64 {
        let system = System {
            layout,
            order: self.order,
            rated_precision: ratios[0].recip() as f32,
            rater_precision: ratios[1].recip(),
            information: &rows.information,
        };
        let mut descent =
            Descent::new(self.residual(&system, rows, user_step), 2 * self.order, self.diagonal(&system), 2);
        let mut change = vec![0.0; 2 * self.rated.len()];
        let mut variances = 0.0;
        for _ in 0..STEPS {
            let Product { image, of_raters, rater_variances } = system.multiply(descent.turn());
            let steps = descent.step(&image);
            descent.add_to(&mut change, &steps);
            add(&mut self.expected, &of_raters, &steps[self.order..]);
            variances = rater_variances;
        }
        let ones = vec![1.0; self.order];
        for (index, change) in change.chunks_exact(2 * self.order).enumerate() {
            let own = index * self.order..(index + 1) * self.order;
            let (rated, raters) = change.split_at(self.order);
            add(&mut self.rated[own.clone()], rated, &ones);
            add(&mut self.raters[own], raters, &ones);
        }
        variances
    }

    /// The right sides of both systems: movies x two halves.
    fn residual(&self, system: &System<'_>, rows: &Rows, user_step: &[f64]) -> Vec<f32> {
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
    fn diagonal(&self, system: &System<'_>) -> Vec<f32> {
        let each = self.shares.iter().zip(system.information).flat_map(|(&share, &information)| {
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
}

/// The matrices of both systems.
struct System<'a> {
    layout: &'a Layout,
    order: usize,
    rated_precision: f32,
    rater_precision: f64,
    information: &'a [f32],
}

/// The product of the matrices with a vector.
struct Product {
    /// movies x two halves
    image: Vec<f32>,
    /// `K` times the second half: movies x order
    of_raters: Vec<f32>,
    /// The sum of the posterior variances of `t_u` over the users, as multiples of the prior covariance.
    rater_variances: f64,
}

impl System<'_> {
    fn multiply(&self, vector: &[f32]) -> Product {
        let (order, width) = (self.order, 2 * self.order);
        let counts = &self.layout.movie_counts;
        let Scaled { rows: scaled, divisors } = self.scale(vector);
        let weights = self.information.iter().zip(counts).map(|(&share, &count)| share / count.max(1) as f32);
        let step = SetStep {
            order,
            scaled: &scaled,
            weights: &weights.collect::<Vec<f32>>(),
            rater_precision: self.rater_precision,
        };
        let (sums, totals) = pass(&step, self.layout);
        drop(scaled);
        let mut image = vec![0.0; vector.len()];
        let mut of_raters = vec![0.0; vector.len() / 2];
        sums.into_stripes()
            .zip(image.par_chunks_mut(Sums::STRIPE * width))
            .zip(of_raters.par_chunks_mut(Sums::STRIPE * order))
            .enumerate()
            .for_each(|(stripe, ((sums, image), of_raters))| {
                let rows = sums.chunks_exact(width).zip(image.chunks_exact_mut(width));
                for (index, ((sums, image), of_raters)) in
                    rows.zip(of_raters.chunks_exact_mut(order)).enumerate()
                {
                    let movie = stripe * Sums::STRIPE + index;
                    if counts[movie] == 0 {
                        continue;
                    }
                    let root = f64::from(counts[movie]).sqrt();
                    let resistance = (self.rater_precision / f64::from(self.information[movie])) as f32;
                    let vector = row(vector, movie as u32, width);
                    for entry in 0..order {
                        let rated = sums[entry] as f64 / FRACTION * divisors[entry];
                        image[entry] = rated as f32 + self.rated_precision * vector[entry];
                        let other = order + entry;
                        of_raters[entry] = (sums[other] as f64 / FRACTION * divisors[other] / root) as f32;
                        image[other] = of_raters[entry] + resistance * vector[other];
                    }
                }
            });
        Product { image, of_raters, rater_variances: total(totals[0]) }
    }

    /// Scales a vector so that what users send about it is between -1 and 1.
    fn scale(&self, vector: &[f32]) -> Scaled {
        let (order, width) = (self.order, 2 * self.order);
        let mut rows = vector.to_vec();
        let mut largest = vec![0.0_f32; width];
        for (row, &count) in rows.chunks_exact_mut(width).zip(&self.layout.movie_counts) {
            let scale = (count.max(1) as f32).sqrt().recip();
            row[order..].iter_mut().for_each(|entry| *entry *= scale);
            for (largest, entry) in largest.iter_mut().zip(row) {
                *largest = largest.max(entry.abs());
            }
        }
        // Users send the mean of the first half, but the sum of the second.
        let most = self.layout.largest_count() as f32;
        largest[order..].iter_mut().for_each(|largest| *largest *= most);
        let reciprocal = |&largest: &f32| if largest > 0.0 { largest.recip() } else { 0.0 };
        let scales: Vec<f32> = largest.iter().map(reciprocal).collect();
        rows.par_chunks_mut(width).for_each(|row| {
            row.iter_mut().zip(&scales).for_each(|(entry, &scale)| *entry *= scale);
        });
        Scaled { rows, divisors: largest.into_iter().map(f64::from).collect() }
    }
}

/// A vector whose second half is multiplied by `n_i^-1/2`, and both are divided by `divisors`, column by column.
struct Scaled {
    rows: Vec<f32>,
    divisors: Vec<f64>,
}

/// Sends `n_u^-1/2` and `1/n_u`.
struct Counting;

impl Step for Counting {
    type Work = ();

    fn work(&self) {}

    fn totals(&self) -> usize {
        0
    }

    fn message(&self) -> usize {
        2
    }

    fn rated_message(&self) -> usize {
        0
    }

    #[inline(always)]
    fn send(&self, (): &mut (), ratings: &[Observation], outbox: Outbox<'_>) {
        let share = (ratings.len() as f64).recip();
        outbox.message.copy_from_slice(&[share.sqrt(), share].map(|number| message(number, FRACTION)));
    }
}

/// Sends the sums over the user's movies: of the first half divided by `n_u`, of the second as they are.
struct SetStep<'a> {
    order: usize,
    /// movies x two halves
    scaled: &'a [f32],
    /// `h / n_i`
    weights: &'a [f32],
    rater_precision: f64,
}

impl Step for SetStep<'_> {
    type Work = Vec<f64>;

    fn work(&self) -> Vec<f64> {
        vec![0.0; 2 * self.order]
    }

    /// The variance of `t_u`.
    fn totals(&self) -> usize {
        1
    }

    fn message(&self) -> usize {
        2 * self.order
    }

    fn rated_message(&self) -> usize {
        0
    }

    #[inline(always)]
    fn send(&self, sums: &mut Vec<f64>, ratings: &[Observation], outbox: Outbox<'_>) {
        let mut precision = self.rater_precision;
        sums.fill(0.0);
        for &Observation { movie, .. } in ratings {
            precision += f64::from(self.weights[movie as usize]);
            for (sum, &entry) in sums.iter_mut().zip(row(self.scaled, movie, 2 * self.order)) {
                *sum += f64::from(entry);
            }
        }
        outbox.totals[0] += in_total(precision.recip());
        let share = (ratings.len() as f64).recip();
        let (rated, raters) = sums.split_at(self.order);
        for (to, &sum) in outbox.message.iter_mut().zip(rated) {
            *to = message(sum * share, FRACTION);
        }
        for (to, &sum) in outbox.message[self.order..].iter_mut().zip(raters) {
            *to = message(sum, FRACTION);
        }
    }
}
