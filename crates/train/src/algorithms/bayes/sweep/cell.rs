//! The sums over the ratings of one entity.

use crate::algorithms::bayes::lanes::{LANES, Lanes};

/// The sums over the ratings of one entity, for the factor that is being drawn.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Cell {
    /// `sum total^2`
    pub(super) squares: Lanes,
    /// `sum total`
    pub(super) totals: Lanes,
    /// `sum e`
    pub(super) errors: Lanes,
    /// `sum e total`
    pub(super) products: Lanes,
}

const _: () = assert!(size_of::<Cell>() == 4 * LANES * size_of::<f32>());

impl Cell {
    pub(super) const ZERO: Self =
        Self { squares: Lanes::ZERO, totals: Lanes::ZERO, errors: Lanes::ZERO, products: Lanes::ZERO };

    /// `sum h^2` and `sum h e` of a feature whose share of each of `count` totals is `own`: `h = total - own`.
    #[inline(always)]
    pub(super) fn without<const FUSED: bool>(&self, own: Lanes, count: f32) -> (Lanes, Lanes) {
        // sum (total - own)^2 = sum total^2 - own (2 sum total - n own)
        let rest = self.totals.minus_product::<FUSED>(own, Lanes::splat(count));
        let squares = self.squares.minus_product::<FUSED>(own, self.totals + rest);
        (squares, self.products.minus_product::<FUSED>(own, self.errors))
    }

    /// Updates the sums after a feature's share of the total went from `own` to `own + step`: each total rises by `step`,
    /// and each error falls by `step (total - own)`.
    #[inline(always)]
    pub(super) fn step<const FUSED: bool>(&mut self, own: Lanes, step: Lanes, count: f32) {
        let counted = Lanes::splat(count);
        let Self { squares, totals, errors, products } = *self;
        let rest = totals.minus_product::<FUSED>(own, counted);
        let with_rest = squares.minus_product::<FUSED>(own, totals);
        self.totals = step.mul_add::<FUSED>(counted, totals);
        self.squares = step.mul_add::<FUSED>(totals + self.totals, squares);
        self.errors = errors.minus_product::<FUSED>(step, rest);
        self.products = step.mul_add::<FUSED>(self.errors - with_rest, products);
    }
}
