//! One sweep of Gibbs sampling over one side of eight chains.
//!
//! A score is linear in each single parameter: `score = g + theta h`. With noise precision `alpha` and a
//! normal prior, theta given all others is normal with precision `lambda + alpha sum h^2` and mean
//! `(lambda mu + alpha sum h (e + theta h)) / precision`, summed over the ratings that it takes part in
//! (Rendle 2012, equations 34 to 36). For a factor of an entity's feature with value `x`,
//! `h = x (total - x v)`, where `total` is the sum of this factor over all features of both sides.
//!
//! The sums over the ratings of an entity are updated in closed form ([`Cell`]). So a feature costs one step for each entity
//! that has it, not one for each rating. The ratings themselves are passed over once per factor.
//!
//! The errors are computed at the start of each sweep over a side, in the order of that side's ratings. So they are no part
//! of the state of the chains, and what rounding does to them does not add up.

use super::block::{Block, Prior};
use super::lanes::{LANES, Lanes};
use super::layout::{SET, Side, Size};
use super::random::LaneRandom;

/// So many errors stay in the nearest cache while products are subtracted from them.
const BLOCK: usize = 256;

/// The sums over the ratings of one entity, for the factor that is being drawn.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Cell {
    /// `sum total^2`
    squares: Lanes,
    /// `sum total`
    totals: Lanes,
    /// `sum e`
    errors: Lanes,
    /// `sum e total`
    products: Lanes,
}

/// The state of an entity at the last pass over its ratings.
#[derive(Clone, Copy)]
struct Before {
    factor: Lanes,
    /// `sum e`
    errors: Lanes,
    /// `sum b`, where `b` is the other side's factor.
    others: Lanes,
}

/// The change of an entity's scores since then: `bias + slope b`.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub(super) bias: Lanes,
    pub(super) slope: Lanes,
}

/// For which factors a sweep draws the features of the sets. These draws take half of the time of a sweep. A chain has its
/// distribution whichever parameters a sweep draws, as long as all are drawn again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetDraws {
    /// For all factors.
    All,
    /// For factors with an even number.
    Even,
    /// For the others.
    Odd,
}

/// The sweeps, from the first, in which the features of the sets are drawn for all factors.
const WITH_ALL_SETS: usize = 12;

impl SetDraws {
    /// Those of the n-th sweep, counted from 1.
    pub(super) fn of(sweep: usize) -> Self {
        match (sweep <= WITH_ALL_SETS, sweep % 2) {
            (true, _) => Self::All,
            (_, 0) => Self::Even,
            _ => Self::Odd,
        }
    }

    fn include(self, factor: usize) -> bool {
        match self {
            Self::All => true,
            Self::Even => factor.is_multiple_of(2),
            Self::Odd => !factor.is_multiple_of(2),
        }
    }
}

/// The buffers of a sweep. Nothing in them outlives the sweep over one side.
#[derive(Default)]
pub(super) struct Workspace {
    /// Rating minus score, in the order of the side's ratings.
    pub(super) errors: Vec<Lanes>,
    cells: Vec<Cell>,
    before: Vec<Before>,
    pub(super) changes: Vec<Change>,
}

impl Workspace {
    /// Makes the buffers as long as the side needs.
    fn fit(&mut self, side: &Side) {
        let zero = Lanes::ZERO;
        self.errors.resize(side.rating_count(), zero);
        self.cells.resize(side.len(), Cell { squares: zero, totals: zero, errors: zero, products: zero });
        self.before.resize(side.len(), Before { factor: zero, errors: zero, others: zero });
        self.changes.resize(side.len(), Change { bias: zero, slope: zero });
    }
}

/// One side in a sweep: its ratings, its parameters, the other side's factors.
pub(super) struct Sweep<'a> {
    pub(super) side: &'a Side,
    pub(super) block: &'a mut Block,
    pub(super) other: &'a Block,
    pub(super) noise_precision: Lanes,
    pub(super) sets: SetDraws,
    pub(super) work: &'a mut Workspace,
    pub(super) random: &'a mut LaneRandom,
}

impl Sweep<'_> {
    /// Computes the errors of the scores with this intercept. `values` are the ratings in the order of this side.
    #[inline(always)]
    pub(super) fn score<const FUSED: bool, T: Copy + Into<Lanes>>(&mut self, intercept: Lanes, values: &[T]) {
        self.work.fit(self.side);
        for entity in 0..self.side.len() {
            let own = intercept + self.block.biases[entity];
            let ratings = self.side.ratings(entity);
            let errors = self.work.errors[ratings.clone()].chunks_mut(BLOCK);
            let values = values[ratings].chunks(BLOCK);
            for ((errors, values), others) in errors.zip(values).zip(self.side.others(entity).chunks(BLOCK)) {
                for ((error, &value), &other) in errors.iter_mut().zip(values).zip(others) {
                    *error = value.into() - (own + self.other.biases[other as usize]);
                }
                Self::subtract_products::<FUSED>(self.block, self.other, entity, errors, others);
            }
        }
    }

    /// Draws the parameters of this side once, given the errors. `shift` is subtracted from all errors first.
    #[inline(always)]
    pub(super) fn run<const FUSED: bool>(&mut self, shift: Lanes) {
        self.sum_errors(shift);
        self.draw_weights::<FUSED>();
        for factor in 0..self.block.factors.len() {
            self.sum_factor::<FUSED>(factor);
            self.draw_factor::<FUSED>(factor);
        }
    }

    /// Subtracts the products of the factors from some errors of an entity, with these entities of the other side. Four factors
    /// at a time, because the errors are otherwise loaded and stored for each.
    #[inline(always)]
    fn subtract_products<const FUSED: bool>(
        block: &Block,
        other: &Block,
        entity: usize,
        errors: &mut [Lanes],
        others: &[u32],
    ) {
        let (own_fours, own_rest) = block.factors.as_chunks::<4>();
        let (fours, rest) = other.factors.as_chunks::<4>();
        for (own, [f, g, h, i]) in own_fours.iter().zip(fours) {
            let [a, b, c, d] = own.each_ref().map(|plane| plane[entity]);
            for (error, &other) in errors.iter_mut().zip(others) {
                let other = other as usize;
                *error = error
                    .minus_product::<FUSED>(a, f[other])
                    .minus_product::<FUSED>(b, g[other])
                    .minus_product::<FUSED>(c, h[other])
                    .minus_product::<FUSED>(d, i[other]);
            }
        }
        for (own, plane) in own_rest.iter().zip(rest) {
            let own = own[entity];
            for (error, &other) in errors.iter_mut().zip(others) {
                *error = error.minus_product::<FUSED>(own, plane[other as usize]);
            }
        }
    }

    /// `sum e` of each entity.
    #[inline(always)]
    fn sum_errors(&mut self, shift: Lanes) {
        for (entity, cell) in self.work.cells.iter_mut().enumerate() {
            cell.errors = Lanes::ZERO;
            for error in &mut self.work.errors[self.side.ratings(entity)] {
                *error = *error - shift;
                cell.errors += *error;
            }
        }
    }

    /// Draws the one-way weights: `h = x`.
    #[inline(always)]
    fn draw_weights<const FUSED: bool>(&mut self) {
        let (features, cells) = (&self.side.features, &mut self.work.cells);
        for change in &mut self.work.changes {
            change.bias = Lanes::ZERO;
        }
        for (group, range) in features.groups.iter().enumerate() {
            let prior = self.block.priors[0][group];
            for feature in range.clone() {
                let having = features.having(feature);
                let (mut count, mut weighted) = (0.0, Lanes::ZERO);
                for &entity in having {
                    let entity = entity as usize;
                    let x = features.value(group, entity);
                    count += x * x * features.sizes[entity].count;
                    weighted = cells[entity].errors.mul_add::<FUSED>(Lanes::splat(x), weighted);
                }
                let weight = &mut self.block.parameters[0][feature];
                let step =
                    draw(weight, Lanes::splat(count), weighted, self.noise_precision, prior, self.random);
                for &entity in having {
                    let entity = entity as usize;
                    let change = step * features.value(group, entity);
                    let errors = &mut cells[entity].errors;
                    *errors = *errors - change * features.sizes[entity].count;
                    self.work.changes[entity].bias += change;
                }
            }
        }
        for (entity, change) in self.work.changes.iter_mut().enumerate() {
            self.block.biases[entity] += change.bias;
            change.slope = Lanes::ZERO;
        }
    }

    /// Passes over the ratings: updates the errors for the last factor, and computes the sums for this one.
    #[inline(always)]
    fn sum_factor<const FUSED: bool>(&mut self, factor: usize) {
        let last = &self.other.factors[factor.saturating_sub(1)];
        let others = &self.other.factors[factor];
        let Workspace { errors, cells, before, changes } = &mut *self.work;
        for (entity, cell) in cells.iter_mut().enumerate() {
            let Change { bias, slope } = changes[entity];
            let ratings = self.side.ratings(entity);
            let count = self.side.features.sizes[entity].count;
            let (mut sum, mut squares) = (Lanes::ZERO, Lanes::ZERO);
            let (mut error_sum, mut products) = (Lanes::ZERO, Lanes::ZERO);
            for (error, &other) in errors[ratings].iter_mut().zip(self.side.others(entity)) {
                let b = others[other as usize];
                let minus = last[other as usize].mul_add::<FUSED>(slope, bias);
                *error = *error - minus;
                sum += b;
                squares = b.mul_add::<FUSED>(b, squares);
                error_sum += *error;
                products = b.mul_add::<FUSED>(*error, products);
            }
            let a = self.block.factors[factor][entity];
            let totals = a.mul_add::<FUSED>(Lanes::splat(count), sum);
            *cell = Cell {
                squares: a.mul_add::<FUSED>(totals + sum, squares),
                totals,
                errors: error_sum,
                products: a.mul_add::<FUSED>(error_sum, products),
            };
            before[entity] = Before { factor: a, errors: error_sum, others: sum };
        }
    }

    /// Draws one factor of all features, or of all but those of the sets.
    #[inline(always)]
    fn draw_factor<const FUSED: bool>(&mut self, factor: usize) {
        let features = &self.side.features;
        for (group, range) in features.groups.iter().enumerate() {
            let prior = self.block.priors[1 + factor][group];
            if group != SET {
                for feature in range.clone() {
                    self.draw_feature::<FUSED, false>(factor, feature, prior);
                }
            } else if self.sets.include(factor) {
                for feature in range.clone() {
                    self.draw_feature::<FUSED, true>(factor, feature, prior);
                }
            }
        }
        self.finish_factor::<FUSED>(factor);
    }

    #[inline(always)]
    fn draw_feature<const FUSED: bool, const SCALED: bool>(
        &mut self,
        factor: usize,
        feature: usize,
        prior: Prior,
    ) {
        let (features, cells) = (&self.side.features, &mut self.work.cells);
        let size = |entity: usize| {
            let Size { count, scale } = features.sizes[entity];
            (count, if SCALED { scale } else { 1.0 })
        };
        let having = features.having(feature);
        let parameter = &mut self.block.parameters[1 + factor][feature];
        let old = *parameter;
        let (mut squares, mut products) = (Lanes::ZERO, Lanes::ZERO);
        for &entity in having {
            let entity = entity as usize;
            let (count, x) = size(entity);
            let cell = &cells[entity];
            let own = old * x;
            // sum (total - own)^2 = sum total^2 - own (2 sum total - n own)
            let rest = cell.totals.minus_product::<FUSED>(own, Lanes::splat(count));
            let h_squares = cell.squares.minus_product::<FUSED>(own, cell.totals + rest);
            let h_errors = cell.products.minus_product::<FUSED>(own, cell.errors);
            squares = h_squares.mul_add::<FUSED>(Lanes::splat(x * x), squares);
            products = h_errors.mul_add::<FUSED>(Lanes::splat(x), products);
        }
        let step = draw(parameter, squares, products, self.noise_precision, prior, self.random);
        for &entity in having {
            let entity = entity as usize;
            let (count, x) = size(entity);
            cells[entity].step::<FUSED>(old * x, step * x, count);
        }
    }

    /// Computes the changes of the entities from the cells.
    #[inline(always)]
    fn finish_factor<const FUSED: bool>(&mut self, factor: usize) {
        for (entity, cell) in self.work.cells.iter().enumerate() {
            let before = self.work.before[entity];
            let per_rating = self.side.features.sizes[entity].count.recip();
            let new = (cell.totals - before.others) * per_rating;
            let slope = new - before.factor;
            let bias = (before.errors - cell.errors - slope * before.others) * per_rating;
            self.block.factors[factor][entity] = new;
            self.block.biases[entity] += bias;
            self.work.changes[entity] = Change { bias, slope };
        }
    }
}

impl Cell {
    /// Updates the sums after a feature's share of the total went from `own` to `own + step`: each total rises by `step`,
    /// and each error falls by `step (total - own)`.
    #[inline(always)]
    fn step<const FUSED: bool>(&mut self, own: Lanes, step: Lanes, count: f32) {
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

/// Draws a parameter from its conditional distribution, given `sum h^2` and `sum h e`. Returns its change.
#[inline(always)]
fn draw(
    parameter: &mut Lanes,
    squares: Lanes,
    products: Lanes,
    noise_precision: Lanes,
    prior: Prior,
    random: &mut LaneRandom,
) -> Lanes {
    let z = random.normal();
    let old = *parameter;
    *parameter = Lanes::from_fn(|lane| {
        let (alpha, lambda) = (noise_precision.0[lane], prior.precision.0[lane]);
        let deviation = (lambda + alpha * squares.0[lane]).sqrt().recip();
        let weighted =
            lambda * prior.mean.0[lane] + alpha * (products.0[lane] + old.0[lane] * squares.0[lane]);
        (weighted * deviation + z.0[lane]) * deviation
    });
    *parameter - old
}

const _: () = assert!(size_of::<Cell>() == 4 * LANES * size_of::<f32>());
