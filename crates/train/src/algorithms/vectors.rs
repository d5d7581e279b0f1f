//! Vector operations on factor rows, compiled for the widest vectors of the processor. Each is inlined into a function
//! that pulp selects at run time.

use pulp::Simd;

/// Factor rows are padded with zeros to a multiple of this: the eight floats of the widest vectors that are used, AVX2.
pub(super) const LANES: usize = 8;

/// `<p, q>` in four partial sums, enough to hide the latency of a fused multiply-add.
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, p: &[S::f32s], q: &[S::f32s]) -> f32 {
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
pub(super) fn descend<S: Simd>(simd: S, p: &mut [S::f32s], q: &mut [S::f32s], decay: f32, step: f32) {
    let (decay, step) = (simd.splat_f32s(decay), simd.splat_f32s(step));
    for (p, q) in p.iter_mut().zip(q) {
        let (old_p, old_q) = (*p, *q);
        *p = simd.mul_add_e_f32s(step, old_q, simd.mul_f32s(decay, old_p));
        *q = simd.mul_add_e_f32s(step, old_p, simd.mul_f32s(decay, old_q));
    }
}

/// `to = decay to + times from`
#[inline(always)]
pub(super) fn scale_and_add<S: Simd>(simd: S, to: &mut [f32], decay: f32, from: &[f32], times: f32) {
    let (decay, times) = (simd.splat_f32s(decay), simd.splat_f32s(times));
    for (to, &from) in S::as_mut_simd_f32s(to).0.iter_mut().zip(S::as_simd_f32s(from).0) {
        *to = simd.mul_add_e_f32s(times, from, simd.mul_f32s(decay, *to));
    }
}

/// `<a, b>` of whole rows.
#[inline(always)]
pub(super) fn inner<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    dot(simd, S::as_simd_f32s(a).0, S::as_simd_f32s(b).0)
}
