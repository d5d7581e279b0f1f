//! Code that is compiled for several kinds of processors, and runs in the form for the present one.

use pulp::{Arch, Simd, WithSimd};

use super::lanes::LANES;

/// Such code. It must be inlined into [`dispatch`], as must all that it calls in its loops.
pub(super) trait Kernel {
    type Output;

    /// Runs it. `FUSED` says whether the processor has fused multiply-add.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs a kernel.
pub(super) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    Arch::new().dispatch(Dispatched(kernel))
}

struct Dispatched<K>(K);

impl<K: Kernel> WithSimd for Dispatched<K> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> K::Output {
        // AVX2 and NEON have fused multiply-add, SSE2 does not.
        if cfg!(target_arch = "aarch64") || S::F32_LANES >= LANES {
            self.0.run::<true>()
        } else {
            self.0.run::<false>()
        }
    }
}
