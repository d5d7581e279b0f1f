//! Measures the peak rates of one core.

use std::hint::black_box;

use pulp::{Arch, Simd, WithSimd};

use super::timed;

/// Independent sums, enough to hide the latency of an operation.
const SUMS: usize = 12;
const ROUNDS: usize = 4_000_000;
/// Far more than fits into any cache.
const FLOATS: usize = 128 << 20;

/// The shortest time that `work` took.
pub fn fastest(repeats: usize, mut work: impl FnMut()) -> f64 {
    (0..repeats).map(|_| timed(&mut work)).fold(f64::INFINITY, f64::min)
}

/// Floating point operations per second of fused multiply-adds on registers. Each counts as two.
pub fn fused_operations(repeats: usize) -> f64 {
    let arch = Arch::new();
    let lanes = arch.dispatch(Lanes);
    let seconds = fastest(repeats, || {
        black_box(arch.dispatch(MultiplyAdds));
    });
    (2 * SUMS * ROUNDS * lanes) as f64 / seconds
}

/// Bytes per second when reading memory once, from start to end.
pub fn read_bytes(repeats: usize) -> f64 {
    let floats = vec![1.0_f32; FLOATS];
    let arch = Arch::new();
    let seconds = fastest(repeats, || {
        black_box(arch.dispatch(Sum(&floats)));
    });
    size_of_val(floats.as_slice()) as f64 / seconds
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (factor, summand) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(1e-3)));
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, summand);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}

struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (vectors, _) = S::as_simd_f32s(self.0);
        let mut sums = [simd.splat_f32s(0.0); 4];
        for four in vectors.as_chunks::<4>().0 {
            for (sum, &vector) in sums.iter_mut().zip(four) {
                *sum = simd.add_f32s(*sum, vector);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}
