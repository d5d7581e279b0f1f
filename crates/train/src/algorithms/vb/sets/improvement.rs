//! An improvement of the sets: some steps of conjugate gradients, each with a pass over the ratings.

use rayon::prelude::*;

use super::super::conjugate::Descent;
use super::super::facts::Facts;
use super::super::fixed::{FRACTION, in_total, message, total};
use super::super::layout::Observation;
use super::super::movies::row;
use super::super::pass::{Outbox, Passed, Step, Sums};
use super::super::shape::Shape;
use crate::state::{StateError, StateReader, StateWriter};

/// An unfinished improvement of the sets.
pub(in super::super) struct Improvement {
    order: usize,
    pub(super) rated_precision: f32,
    pub(super) rater_precision: f64,
    /// The share of the ratings in the posterior of each movie.
    pub(super) information: Vec<f32>,
    pub(super) descent: Descent,
    /// How far the solution has moved: movies x two halves.
    pub(super) change: Vec<f32>,
    pub(super) steps_done: usize,
    /// The sum of the posterior variances of `t_u` over the users, as multiples of the prior covariance.
    pub(super) rater_variances: f64,
}

/// The product of the matrices with a vector.
pub(super) struct Product {
    /// movies x two halves
    pub(super) image: Vec<f32>,
    /// `K` times the second half: movies x order
    pub(super) of_raters: Vec<f32>,
    pub(super) rater_variances: f64,
}

impl Improvement {
    /// Nothing yet, with memory for everything.
    pub(in super::super) fn new(order: usize, movie_count: usize) -> Self {
        let zeros = |width: usize| vec![0.0; movie_count * width];
        Self {
            order,
            rated_precision: 0.0,
            rater_precision: 0.0,
            information: zeros(1),
            descent: Descent::new(zeros(2 * order), 2 * order, zeros(2), 2),
            change: zeros(2 * order),
            steps_done: 0,
            rater_variances: 0.0,
        }
    }

    /// What the pass computes from which the next step follows.
    pub(in super::super) fn step(&self, facts: &Facts) -> SetStep {
        let shares = self.information.iter().zip(&facts.movie_counts);
        SetStep {
            order: self.order,
            scaled: self.scaled(facts),
            weights: shares.map(|(&share, &count)| share / count.max(1) as f32).collect(),
            rater_precision: self.rater_precision,
        }
    }

    /// The number of sums of each movie, and of totals, of that pass.
    pub(in super::super) fn lengths(&self) -> [usize; 2] {
        [2 * self.order, 1]
    }

    /// The product of the matrices with the direction.
    pub(super) fn product(&self, facts: &Facts, Passed { sums, totals }: Passed) -> Product {
        let (order, width) = (self.order, 2 * self.order);
        let (counts, vector) = (&facts.movie_counts, self.descent.direction());
        let divisors: Vec<f64> = self.largest(facts).into_iter().map(f64::from).collect();
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

    /// The direction, whose second half is multiplied by `n_i^-1/2`, scaled so that what users send about it is between -1
    /// and 1.
    fn scaled(&self, facts: &Facts) -> Vec<f32> {
        let reciprocal = |largest: f32| if largest > 0.0 { largest.recip() } else { 0.0 };
        let scales: Vec<f32> = self.largest(facts).into_iter().map(reciprocal).collect();
        let mut rows = self.descent.direction().to_vec();
        rows.par_chunks_mut(2 * self.order).zip(&facts.movie_counts).for_each(|(row, &count)| {
            row[self.order..].iter_mut().for_each(|entry| *entry *= root(count));
            row.iter_mut().zip(&scales).for_each(|(entry, &scale)| *entry *= scale);
        });
        rows
    }

    /// The largest numbers that users would send about the direction if it was not scaled, by column.
    fn largest(&self, facts: &Facts) -> Vec<f32> {
        let width = 2 * self.order;
        let mut largest = vec![0.0_f32; width];
        for (row, &count) in self.descent.direction().chunks_exact(width).zip(&facts.movie_counts) {
            let (rated, raters) = row.split_at(self.order);
            let scale = root(count);
            let entries = rated.iter().copied().chain(raters.iter().map(|entry| entry * scale));
            largest.iter_mut().zip(entries).for_each(|(largest, entry)| *largest = largest.max(entry.abs()));
        }
        // Users send the mean of the first half, but the sum of the second.
        let most = facts.largest_count as f32;
        largest[self.order..].iter_mut().for_each(|largest| *largest *= most);
        largest
    }

    pub(in super::super) fn save(&self, state: &mut StateWriter<'_>) {
        state.floats(&[self.rated_precision]);
        state.floats(&self.information);
        state.floats(&self.change);
        state.reals(&[self.rater_precision, self.rater_variances]);
        state.number(self.steps_done as u64);
        self.descent.save(state);
    }

    pub(in super::super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.floats(std::slice::from_mut(&mut self.rated_precision))?;
        state.floats(&mut self.information)?;
        state.floats(&mut self.change)?;
        let mut reals = [0.0; 2];
        state.reals(&mut reals)?;
        [self.rater_precision, self.rater_variances] = reals;
        self.steps_done = state.number()? as usize;
        self.descent.restore(state)
    }
}

/// `n_i^-1/2`
fn root(count: u32) -> f32 {
    (count.max(1) as f32).sqrt().recip()
}

/// Sends the sums over the user's movies: of the first half divided by `n_u`, of the second as they are.
pub(crate) struct SetStep {
    order: usize,
    /// movies x two halves
    scaled: Vec<f32>,
    /// `h / n_i`
    weights: Vec<f32>,
    rater_precision: f64,
}

impl SetStep {
    pub(in super::super) fn save(&self, state: &mut StateWriter<'_>) {
        Shape { factors: self.order - 1 }.save(state);
        state.floats(&self.weights);
        state.floats(&self.scaled);
        state.real(self.rater_precision);
    }

    pub(in super::super) fn restore(
        movie_count: usize,
        state: &mut StateReader<'_>,
    ) -> Result<Self, StateError> {
        let order = Shape::restore(state)?.order();
        let (weights, scaled) = (state.all_floats()?, state.all_floats()?);
        if weights.len() != movie_count || scaled.len() != 2 * order * movie_count {
            return Err(StateError::new("it has other movies or factors".to_owned()));
        }
        Ok(Self { order, scaled, weights, rater_precision: state.real()? })
    }
}

impl Step for SetStep {
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
            for (sum, &entry) in sums.iter_mut().zip(row(&self.scaled, movie, 2 * self.order)) {
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
