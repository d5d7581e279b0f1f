//! The direction in which the coefficients of sets move next, and what a pass adds up to multiply it by the matrices.

use rayon::prelude::*;

use super::super::facts::Facts;

/// A direction, and how users read it.
///
/// Users add up both halves over their movies, and send the sums: that of the first half divided by `n_u`.
pub(in super::super) struct Search<'a> {
    facts: &'a Facts,
    direction: &'a [f32],
    /// The share of the ratings in the posterior of each movie.
    information: &'a [f32],
    scales: Vec<f32>,
    /// The prior precision of `t_u`, as a multiple of that of movies.
    pub(in super::super) rater_precision: f64,
}

/// The scales of the columns of a direction.
pub(super) struct Scales(
    /// The largest numbers that users would send if the direction was not scaled, by column.
    Vec<f32>,
);

impl<'a> Search<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        direction: &'a [f32],
        scales: &Scales,
        information: &'a [f32],
        rater_precision: f64,
    ) -> Self {
        let scales = scales.reciprocals();
        Self { facts, direction, information, scales, rater_precision }
    }

    /// Writes the direction of a movie, whose second half is multiplied by `n_i^-1/2`, scaled so that what users send about
    /// it is between -1 and 1. Returns the weight of the movie in the posterior precision of `t_u`.
    pub(in super::super) fn write(&self, movie: u32, row: &mut [f32]) -> f32 {
        let (movie, width) = (movie as usize, row.len());
        let count = self.facts.movie_counts[movie];
        row.copy_from_slice(&self.direction[movie * width..(movie + 1) * width]);
        row[width / 2..].iter_mut().for_each(|entry| *entry *= root(count));
        row.iter_mut().zip(&self.scales).for_each(|(entry, &scale)| *entry *= scale);
        self.information[movie] / count.max(1) as f32
    }
}

impl Scales {
    /// Of a direction with rows of this width.
    pub(super) fn of(facts: &Facts, direction: &[f32], width: usize) -> Self {
        let mut largest = vec![0.0_f32; width];
        for (row, &count) in direction.chunks_exact(width).zip(&facts.movie_counts) {
            let (rated, raters) = row.split_at(width / 2);
            let scale = root(count);
            let entries = rated.iter().copied().chain(raters.iter().map(|entry| entry * scale));
            largest.iter_mut().zip(entries).for_each(|(largest, entry)| *largest = largest.max(entry.abs()));
        }
        // Users send the mean of the first half, but the sum of the second.
        let most = facts.largest_count as f32;
        largest[width / 2..].iter_mut().for_each(|largest| *largest *= most);
        Self(largest)
    }

    fn reciprocals(&self) -> Vec<f32> {
        self.0.iter().map(|&largest| if largest > 0.0 { largest.recip() } else { 0.0 }).collect()
    }

    /// Makes sums of what users sent the products of the matrices with the direction, without the parts of the priors.
    pub(super) fn restore(&self, facts: &Facts, sums: &mut [f32]) {
        let width = self.0.len();
        sums.par_chunks_mut(width).zip(&facts.movie_counts).for_each(|(row, &count)| {
            row[width / 2..].iter_mut().for_each(|sum| *sum *= root(count));
            row.iter_mut().zip(&self.0).for_each(|(sum, &largest)| *sum *= largest);
        });
    }
}

/// `n_i^-1/2`
pub(in super::super) fn root(count: u32) -> f32 {
    (count.max(1) as f32).sqrt().recip()
}
