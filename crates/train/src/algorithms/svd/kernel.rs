//! The inner loop: one pass over the ratings of one block.

use pulp::{Simd, WithSimd};

use super::grid::{BlockRating, SideBlock};

/// Factor rows are padded to a multiple of this: the widest vector that is used, AVX2's eight floats.
pub(super) const LANES: usize = 8;

/// What stays the same in a pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) mean: f32,
    pub(super) learning_rate: f32,
    pub(super) regularisation: f32,
    pub(super) biased: bool,
}

/// A pass over one block; its output is the sum of squared errors before each update.
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

/// `<p, q>` in four partial sums, enough to hide the latency of a fused multiply-add.
#[inline(always)]
fn dot<S: Simd>(simd: S, p: &[S::f32s], q: &[S::f32s]) -> f32 {
    let (p_fours, p_rest) = p.as_chunks::<4>();
    let (q_fours, q_rest) = q.as_chunks::<4>();
    let mut sums = [simd.splat_f32s(0.0); 4];
    for (p, q) in p_fours.iter().zip(q_fours) {
        for lane in 0..4 {
            sums[lane] = simd.mul_add_e_f32s(p[lane], q[lane], sums[lane]);
        }
    }
    for ((p, q), sum) in p_rest.iter().zip(q_rest).zip(&mut sums) {
        *sum = simd.mul_add_e_f32s(*p, *q, *sum);
    }
    let halves = [simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3])];
    simd.reduce_sum_f32s(simd.add_f32s(halves[0], halves[1]))
}

/// `p = decay p + step q` and `q = decay q + step p`, both from the old values.
#[inline(always)]
fn descend<S: Simd>(simd: S, p: &mut [S::f32s], q: &mut [S::f32s], decay: f32, step: f32) {
    let (decay, step) = (simd.splat_f32s(decay), simd.splat_f32s(step));
    for (p, q) in p.iter_mut().zip(q) {
        let (old_p, old_q) = (*p, *q);
        *p = simd.mul_add_e_f32s(step, old_q, simd.mul_f32s(decay, old_p));
        *q = simd.mul_add_e_f32s(step, old_p, simd.mul_f32s(decay, old_q));
    }
}
