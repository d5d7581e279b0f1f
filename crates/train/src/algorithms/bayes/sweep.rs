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
//!
//! Given the other side, the ids of different entities do not depend on each other, so threads divide the entities. The
//! features of sets and attributes are drawn one after another: any two of them may have entities in common. All random
//! numbers are drawn in the order of the features, so the result is the same with any number of threads.

mod cell;
mod part;

use super::block::{Block, Prior};
use super::kernel::{Kernel, dispatch};
use super::lanes::Lanes;
use super::layout::{ID, SET, Side, Size};
use super::random::LaneRandom;
use cell::Cell;
use part::{FinishFactor, Part, Score, SumErrors, SumFactorAndDrawIds};

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
    /// Random numbers.
    normals: Vec<Lanes>,
}

impl Workspace {
    /// Makes the buffers as long as the side needs.
    fn fit(&mut self, side: &Side) {
        let zero = Lanes::ZERO;
        self.errors.resize(side.rating_count(), zero);
        self.cells.resize(side.len(), Cell::ZERO);
        self.before.resize(side.len(), Before { factor: zero, errors: zero, others: zero });
        self.changes.resize(side.len(), Change { bias: zero, slope: zero });
        self.normals.resize(side.len(), zero);
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
    pub(super) fn score<T: Copy + Into<Lanes> + Sync>(&mut self, intercept: Lanes, values: &[T]) {
        self.work.fit(self.side);
        let Self { side, other, .. } = *self;
        Score { side, block: self.block, other, intercept, values }.all(&mut self.work.errors);
    }

    /// Draws the parameters of this side once, given the errors. `shift` is subtracted from all errors first.
    pub(super) fn draw(&mut self, shift: Lanes) {
        Part::each(self.side, self.block, self.work, 0, &SumErrors { shift });
        dispatch(DrawWeights(self));
        for factor in 0..self.block.factors.len() {
            dispatch(DrawNormals(self));
            let sum_and_draw = SumFactorAndDrawIds {
                last: &self.other.factors[factor.saturating_sub(1)],
                others: &self.other.factors[factor],
                noise_precision: self.noise_precision,
                prior: self.block.priors[1 + factor][ID],
            };
            Part::each(self.side, self.block, self.work, factor, &sum_and_draw);
            dispatch(DrawShared { sweep: self, factor });
            Part::each(self.side, self.block, self.work, factor, &FinishFactor);
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
                let conditional = Conditional {
                    squares: Lanes::splat(count),
                    products: weighted,
                    noise_precision: self.noise_precision,
                    prior,
                };
                let step = conditional.draw(weight, self.random.normal());
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

    /// Draws one factor of all features but the ids, or of all but those and the sets.
    #[inline(always)]
    fn draw_shared<const FUSED: bool>(&mut self, factor: usize) {
        let features = &self.side.features;
        for (group, range) in features.groups.iter().enumerate().skip(SET) {
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
            let (h_squares, h_errors) = cells[entity].without::<FUSED>(old * x, count);
            squares = h_squares.mul_add::<FUSED>(Lanes::splat(x * x), squares);
            products = h_errors.mul_add::<FUSED>(Lanes::splat(x), products);
        }
        let conditional = Conditional { squares, products, noise_precision: self.noise_precision, prior };
        let step = conditional.draw(parameter, self.random.normal());
        for &entity in having {
            let entity = entity as usize;
            let (count, x) = size(entity);
            cells[entity].step::<FUSED>(old * x, step * x, count);
        }
    }
}

/// Draws the one-way weights of all features.
struct DrawWeights<'s, 'a>(&'s mut Sweep<'a>);

impl Kernel for DrawWeights<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.0.draw_weights::<FUSED>();
    }
}

/// Draws a random number for the id of each entity.
struct DrawNormals<'s, 'a>(&'s mut Sweep<'a>);

impl Kernel for DrawNormals<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Sweep { work, random, .. } = self.0;
        for normal in &mut work.normals {
            *normal = random.normal();
        }
    }
}

/// Draws a factor of the features that entities share.
struct DrawShared<'s, 'a> {
    sweep: &'s mut Sweep<'a>,
    factor: usize,
}

impl Kernel for DrawShared<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.sweep.draw_shared::<FUSED>(self.factor);
    }
}

/// The conditional distribution of a parameter.
struct Conditional {
    /// `sum h^2`
    squares: Lanes,
    /// `sum h e`
    products: Lanes,
    noise_precision: Lanes,
    prior: Prior,
}

impl Conditional {
    /// Draws the parameter, given a standard normal number. Returns its change.
    #[inline(always)]
    fn draw(&self, parameter: &mut Lanes, z: Lanes) -> Lanes {
        let Self { squares, products, noise_precision, prior } = self;
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
}
