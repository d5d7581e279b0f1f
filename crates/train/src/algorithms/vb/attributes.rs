//! Genres, years and title words: what they add to the prior means of movies.
//!
//! Each attribute has coefficients for bias and factors, with the prior covariance of the movies times the ratio of its
//! group. They are a ridge regression of the movies' deviations, in a few steps of conjugate gradients.

use std::ops::Range;

use rayon::prelude::*;

use super::conjugate::Descent;
use super::movies::row;
use crate::state::{StateError, StateReader, StateWriter};

/// Steps of conjugate gradients. They pass over the attributes, not over the ratings, so they are cheap.
const STEPS: usize = 8;

/// The attributes of the movies, and their coefficients.
pub(super) struct Attributes {
    order: usize,
    /// For each group, its attributes.
    pub(super) groups: Vec<Range<usize>>,
    /// For each attribute, the movies that have it.
    movies: Vec<Vec<u32>>,
    /// Where each movie's attributes begin in `of_movies`, and the last one's end.
    starts: Vec<u32>,
    of_movies: Vec<u32>,
    /// attributes x order
    coefficients: Vec<f32>,
}

impl Attributes {
    /// `groups` has, group by group and attribute by attribute, the movies that have it.
    pub(super) fn new(groups: &[Vec<Vec<u32>>], movie_count: usize, order: usize) -> Self {
        let movies: Vec<Vec<u32>> = groups.iter().flatten().cloned().collect();
        let mut ranges = Vec::with_capacity(groups.len());
        let mut end = 0;
        for group in groups {
            ranges.push(end..end + group.len());
            end += group.len();
        }
        let mut starts = vec![0; movie_count + 1];
        for &movie in movies.iter().flatten() {
            starts[movie as usize + 1] += 1;
        }
        for movie in 1..starts.len() {
            starts[movie] += starts[movie - 1];
        }
        let mut next = starts.clone();
        let mut of_movies = vec![0; movies.iter().map(Vec::len).sum()];
        for (attribute, having) in (0..).zip(&movies) {
            for &movie in having {
                let place = &mut next[movie as usize];
                of_movies[*place as usize] = attribute;
                *place += 1;
            }
        }
        let coefficients = vec![0.0; movies.len() * order];
        Self { order, groups: ranges, movies, starts, of_movies, coefficients }
    }

    /// The movies with an attribute.
    pub(super) fn having(&self, attribute: usize) -> &[u32] {
        &self.movies[attribute]
    }

    /// The coefficients of an attribute.
    pub(super) fn coefficients(&self, attribute: usize) -> &[f32] {
        row(&self.coefficients, attribute as u32, self.order)
    }

    /// What the attributes add to the prior mean of each movie: movies x order.
    pub(super) fn expected(&self) -> Vec<f32> {
        self.spread(&self.coefficients)
    }

    /// Improves the coefficients, given the deviations of the movies (movies x order), and the share of the ratings in each
    /// movie's posterior, which is 0 for movies that do not count. `ratios` are those of the groups.
    pub(super) fn improve(&mut self, deviations: &[f32], information: &[f32], ratios: &[f64]) {
        if self.movies.is_empty() {
            return;
        }
        let mut precisions = vec![0.0_f32; self.movies.len()];
        for (group, ratio) in self.groups.iter().zip(ratios) {
            precisions[group.clone()].fill(ratio.recip() as f32);
        }
        let counts: Vec<f32> = information.iter().map(|&share| f32::from(u8::from(share > 0.0))).collect();
        let mut residual = self.gather(deviations, &counts);
        let mut diagonal = precisions.clone();
        for (attribute, having) in self.movies.iter().enumerate() {
            diagonal[attribute] += having.iter().map(|&movie| information[movie as usize]).sum::<f32>();
            let own = attribute * self.order..(attribute + 1) * self.order;
            for (residual, &coefficient) in residual[own.clone()].iter_mut().zip(&self.coefficients[own]) {
                *residual -= precisions[attribute] * coefficient;
            }
        }
        let mut image = vec![0.0; residual.len()];
        let mut descent = Descent::new(residual, diagonal, image.clone(), self.order, 1);
        for _ in 0..STEPS {
            descent.turn(&image);
            let direction = descent.direction();
            image = self.gather(&self.spread(direction), information);
            let rows = image.chunks_exact_mut(self.order).zip(direction.chunks_exact(self.order));
            for ((image, direction), &precision) in rows.zip(&precisions) {
                image.iter_mut().zip(direction).for_each(|(image, &entry)| *image += precision * entry);
            }
            let steps = descent.step(&image, &[1.0]);
            descent.add_to(&mut self.coefficients, &steps);
        }
    }

    /// For each attribute, the weighted sum of its movies' rows: attributes x order.
    fn gather(&self, rows: &[f32], weights: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; self.coefficients.len()];
        sums.par_chunks_mut(self.order).zip(&self.movies).for_each(|(sum, having)| {
            for &movie in having {
                let weight = weights[movie as usize];
                for (sum, &entry) in sum.iter_mut().zip(row(rows, movie, self.order)) {
                    *sum += weight * entry;
                }
            }
        });
        sums
    }

    /// For each movie, the sum of its attributes' rows: movies x order.
    fn spread(&self, rows: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; (self.starts.len() - 1) * self.order];
        sums.par_chunks_mut(self.order).zip(self.starts.par_windows(2)).for_each(|(sum, range)| {
            for &attribute in &self.of_movies[range[0] as usize..range[1] as usize] {
                for (sum, &entry) in sum.iter_mut().zip(row(rows, attribute, self.order)) {
                    *sum += entry;
                }
            }
        });
        sums
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.floats(&self.coefficients);
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        state.floats(&mut self.coefficients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_a_ridge_regression() {
        // One attribute of movies 0 and 1, another of movie 1; movie 2 does not count.
        let mut attributes = Attributes::new(&[vec![vec![0, 1], vec![1, 2]]], 3, 1);
        let (deviations, information) = ([1.0, 4.0, 9.0], [1.0, 1.0, 0.0]);
        for _ in 0..2 {
            // Deviations from what is already expected.
            let expected = attributes.expected();
            let rest: Vec<f32> = deviations.iter().zip(&expected).map(|(d, e)| d - e).collect();
            attributes.improve(&rest, &information, &[0.5]);
        }
        // (2 + 2, 1; 1, 1 + 2) g = (5, 4)
        let expected = [11.0 / 11.0, 11.0 / 11.0];
        for (found, expected) in attributes.coefficients.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert_eq!(attributes.expected().len(), 3);
    }
}
