//! The inner loop: one pass over the ratings of one block.

use pulp::{Simd, WithSimd};

use super::side::SideBlock;
use crate::algorithms::vectors::{descend, dot};

/// A rating, with the places of its user and movie within the block.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockRating {
    pub(super) user: u32,
    pub(super) movie: u32,
    pub(super) value: f32,
}

/// The parameters of a pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) mean: f32,
    pub(super) learning_rate: f32,
    pub(super) regularisation: f32,
    pub(super) biased: bool,
}

/// A pass over one block. Its output is the sum of squared errors, each before its update.
pub(super) struct BlockPass<'b, 'a> {
    pub(super) step: Step,
    pub(super) ratings: &'b [BlockRating],
    pub(super) users: &'b mut SideBlock<'a>,
    pub(super) movies: &'b mut SideBlock<'a>,
}

impl WithSimd for BlockPass<'_, '_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { step, ratings, users, movies } = self;
        let decay = 1.0 - step.learning_rate * step.regularisation;
        let bias_rate = if step.biased { step.learning_rate } else { 0.0 };
        let bias_decay = 1.0 - bias_rate * step.regularisation;
        let mut squares = 0.0;
        for rating in ratings {
            let (user_bias, user_row) = users.row(rating.user);
            let (movie_bias, movie_row) = movies.row(rating.movie);
            let (p, _) = S::as_mut_simd_f32s(user_row);
            let (q, _) = S::as_mut_simd_f32s(movie_row);
            let error = rating.value - (step.mean + *user_bias + *movie_bias + dot(simd, p, q));
            squares += f64::from(error) * f64::from(error);
            *user_bias = *user_bias * bias_decay + bias_rate * error;
            *movie_bias = *movie_bias * bias_decay + bias_rate * error;
            descend(simd, p, q, decay, step.learning_rate * error);
        }
        squares
    }
}
