//! Eight chains in parallel: each number of a chain is a lane of a vector.
//!
//! All chains have the same sparsity, only their numbers differ. So an operation on a number of one chain becomes the same
//! operation on a vector register for eight, without shuffles or remainders, whatever the rank.

use std::ops::{Add, AddAssign, Mul, Sub};

use crate::state::{StateError, StateReader, StateWriter};

/// The number of chains that run in parallel: the lanes of a 256-bit register.
pub(super) const LANES: usize = 8;

/// One number of each of eight chains.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(32))]
pub(super) struct Lanes(pub(super) [f32; LANES]);

impl Lanes {
    pub(super) const ZERO: Self = Self([0.0; LANES]);

    /// The same number in all lanes.
    #[inline(always)]
    pub(super) fn splat(number: f32) -> Self {
        Self([number; LANES])
    }

    /// Lane by lane.
    #[inline(always)]
    pub(super) fn from_fn(lane: impl FnMut(usize) -> f32) -> Self {
        Self(std::array::from_fn(lane))
    }

    /// `self * factor + summand`, fused if `FUSED`. Without hardware support, a fused multiply-add is a slow function
    /// call, so the caller must say whether it is supported.
    #[inline(always)]
    pub(super) fn mul_add<const FUSED: bool>(self, factor: Self, summand: Self) -> Self {
        if FUSED {
            Self::from_fn(|lane| self.0[lane].mul_add(factor.0[lane], summand.0[lane]))
        } else {
            self * factor + summand
        }
    }

    /// `self - factor * other`, fused if `FUSED`.
    #[inline(always)]
    pub(super) fn minus_product<const FUSED: bool>(self, factor: Self, other: Self) -> Self {
        if FUSED {
            Self::from_fn(|lane| (-factor.0[lane]).mul_add(other.0[lane], self.0[lane]))
        } else {
            self - factor * other
        }
    }

    /// The sum over the lanes.
    pub(super) fn sum(self) -> f32 {
        self.0.iter().sum()
    }

    /// Lane by lane.
    #[inline(always)]
    pub(super) fn map(self, function: impl Fn(f32) -> f32) -> Self {
        Self::from_fn(|lane| function(self.0[lane]))
    }
}

impl From<f32> for Lanes {
    #[inline(always)]
    fn from(number: f32) -> Self {
        Self::splat(number)
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::from_fn(|lane| self.0[lane] + other.0[lane])
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::from_fn(|lane| self.0[lane] - other.0[lane])
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::from_fn(|lane| self.0[lane] * other.0[lane])
    }
}

impl Mul<f32> for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, number: f32) -> Self {
        Self::from_fn(|lane| self.0[lane] * number)
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Writes numbers exactly.
pub(super) fn save(lanes: &[Lanes], state: &mut StateWriter<'_>) {
    state.each_float(lanes.len() * LANES, lanes.iter().flat_map(|lanes| lanes.0));
}

/// Reads as many numbers as were written.
pub(super) fn restore(lanes: &mut [Lanes], state: &mut StateReader<'_>) -> Result<(), StateError> {
    state.each_float(lanes.len() * LANES, lanes.iter_mut().flat_map(|lanes| &mut lanes.0))
}
