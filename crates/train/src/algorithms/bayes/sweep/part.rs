//! What a sweep computes for each entity alone, so that threads can divide the entities of a side.

use std::ops::Range;

use rayon::prelude::*;

use super::cell::Cell;
use super::{Before, Change, Conditional, Workspace};
use crate::algorithms::bayes::block::{Block, Prior};
use crate::algorithms::bayes::kernel::{Kernel, dispatch};
use crate::algorithms::bayes::lanes::Lanes;
use crate::algorithms::bayes::layout::{ID, Side};

/// So many errors stay in the nearest cache while products are subtracted from them.
const BLOCK: usize = 256;

/// Some neighbouring entities of a side, and what changes for them while a factor is drawn.
pub(super) struct Part<'a> {
    side: &'a Side,
    entities: Range<usize>,
    /// Of their ratings.
    errors: &'a mut [Lanes],
    cells: &'a mut [Cell],
    before: &'a mut [Before],
    changes: &'a mut [Change],
    biases: &'a mut [Lanes],
    /// Their factors.
    factors: &'a mut [Lanes],
    /// The factors of their ids.
    ids: &'a mut [Lanes],
    /// A random number for each.
    normals: &'a mut [Lanes],
}

/// A step that needs nothing of the entities of other parts.
pub(super) trait Step: Sync {
    fn run<const FUSED: bool>(&self, part: Part<'_>);
}

impl<'a> Part<'a> {
    /// Does a step in all parts of a side.
    pub(super) fn each(
        side: &'a Side,
        block: &'a mut Block,
        work: &'a mut Workspace,
        factor: usize,
        step: &impl Step,
    ) {
        Self::all(side, block, work, factor).into_par_iter().for_each(|part| dispatch(OnPart { part, step }));
    }

    /// The parts of a side.
    fn all(side: &'a Side, block: &'a mut Block, work: &'a mut Workspace, factor: usize) -> Vec<Self> {
        let Workspace { errors, cells, before, changes, normals } = work;
        let mut errors = Rest(errors);
        let (mut cells, mut before, mut changes) = (Rest(cells), Rest(before), Rest(changes));
        let (mut biases, mut factors) = (Rest(&mut block.biases), Rest(&mut block.factors[factor]));
        let mut ids = Rest(&mut block.parameters[1 + factor][side.features.groups[ID].clone()]);
        let mut normals = Rest(normals);
        let part = |entities: &Range<usize>| {
            let count = entities.len();
            Self {
                side,
                entities: entities.clone(),
                errors: errors.take(side.ratings_of(entities).len()),
                cells: cells.take(count),
                before: before.take(count),
                changes: changes.take(count),
                biases: biases.take(count),
                factors: factors.take(count),
                ids: ids.take(count),
                normals: normals.take(count),
            }
        };
        side.parts.iter().map(part).collect()
    }
}

/// What is left of a slice that is taken piece by piece.
struct Rest<'a, T>(&'a mut [T]);

impl<'a, T> Rest<'a, T> {
    /// Takes the first elements.
    #[inline(always)]
    fn take(&mut self, count: usize) -> &'a mut [T] {
        self.0.split_off_mut(..count).unwrap_or_default()
    }
}

struct OnPart<'a, S> {
    part: Part<'a>,
    step: &'a S,
}

impl<S: Step> Kernel for OnPart<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.step.run::<FUSED>(self.part);
    }
}

/// Computes the errors of the scores with an intercept.
pub(super) struct Score<'a, T> {
    pub(super) side: &'a Side,
    pub(super) block: &'a Block,
    pub(super) other: &'a Block,
    pub(super) intercept: Lanes,
    /// The ratings in the order of the side.
    pub(super) values: &'a [T],
}

impl<T: Copy + Into<Lanes> + Sync> Score<'_, T> {
    pub(super) fn all(&self, errors: &mut [Lanes]) {
        let mut errors = Rest(errors);
        let of_part = |entities: &Range<usize>| errors.take(self.side.ratings_of(entities).len());
        let errors: Vec<&mut [Lanes]> = self.side.parts.iter().map(of_part).collect();
        let parts = self.side.parts.par_iter().zip(errors);
        parts.for_each(|(entities, errors)| dispatch(ScorePart { score: self, entities, errors }));
    }
}

struct ScorePart<'a, T> {
    score: &'a Score<'a, T>,
    entities: &'a Range<usize>,
    errors: &'a mut [Lanes],
}

impl<T: Copy + Into<Lanes>> Kernel for ScorePart<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { score: &Score { side, block, other, intercept, values }, entities, errors } = self;
        let mut errors = Rest(errors);
        for entity in entities.clone() {
            let own = intercept + block.biases[entity];
            let ratings = side.ratings(entity);
            let errors = errors.take(ratings.len()).chunks_mut(BLOCK);
            let values = values[ratings].chunks(BLOCK);
            for ((errors, values), others) in errors.zip(values).zip(side.others(entity).chunks(BLOCK)) {
                for ((error, &value), &index) in errors.iter_mut().zip(values).zip(others) {
                    *error = value.into() - (own + other.biases[index as usize]);
                }
                subtract_products::<FUSED>(block, other, entity, errors, others);
            }
        }
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

/// Subtracts a change of the intercept from all errors, and computes `sum e` of each entity.
pub(super) struct SumErrors {
    pub(super) shift: Lanes,
}

impl Step for SumErrors {
    #[inline(always)]
    fn run<const FUSED: bool>(&self, part: Part<'_>) {
        let mut errors = Rest(part.errors);
        for (entity, cell) in part.entities.zip(part.cells) {
            cell.errors = Lanes::ZERO;
            for error in errors.take(part.side.ratings(entity).len()) {
                *error = *error - self.shift;
                cell.errors += *error;
            }
        }
    }
}

/// Passes over the ratings: updates the errors for the last factor, and computes the sums for this one. Then draws the factor
/// of each id, which nothing but these sums depends on.
pub(super) struct SumFactorAndDrawIds<'a> {
    /// The last factor of the other side.
    pub(super) last: &'a [Lanes],
    /// This factor of the other side.
    pub(super) others: &'a [Lanes],
    pub(super) noise_precision: Lanes,
    pub(super) prior: Prior,
}

impl Step for SumFactorAndDrawIds<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(&self, part: Part<'_>) {
        let mut errors = Rest(part.errors);
        for (index, entity) in part.entities.enumerate() {
            let count = part.side.features.sizes[entity].count;
            let others = part.side.others(entity);
            let errors = errors.take(others.len());
            let a = part.factors[index];
            let (mut cell, sum) = self.sum::<FUSED>(errors, others, part.changes[index], a, count);
            part.before[index] = Before { factor: a, errors: cell.errors, others: sum };
            self.draw_id::<FUSED>(&mut cell, &mut part.ids[index], count, part.normals[index]);
            part.cells[index] = cell;
        }
    }
}

impl SumFactorAndDrawIds<'_> {
    /// The sums of an entity with the factor `a`, and the sum of the factors of the others.
    #[inline(always)]
    fn sum<const FUSED: bool>(
        &self,
        errors: &mut [Lanes],
        others: &[u32],
        Change { bias, slope }: Change,
        a: Lanes,
        count: f32,
    ) -> (Cell, Lanes) {
        let (mut sum, mut squares) = (Lanes::ZERO, Lanes::ZERO);
        let (mut error_sum, mut products) = (Lanes::ZERO, Lanes::ZERO);
        for (error, &other) in errors.iter_mut().zip(others) {
            let b = self.others[other as usize];
            let minus = self.last[other as usize].mul_add::<FUSED>(slope, bias);
            *error = *error - minus;
            sum += b;
            squares = b.mul_add::<FUSED>(b, squares);
            error_sum += *error;
            products = b.mul_add::<FUSED>(*error, products);
        }
        let totals = a.mul_add::<FUSED>(Lanes::splat(count), sum);
        let cell = Cell {
            squares: a.mul_add::<FUSED>(totals + sum, squares),
            totals,
            errors: error_sum,
            products: a.mul_add::<FUSED>(error_sum, products),
        };
        (cell, sum)
    }

    #[inline(always)]
    fn draw_id<const FUSED: bool>(&self, cell: &mut Cell, parameter: &mut Lanes, count: f32, z: Lanes) {
        let old = *parameter;
        let (squares, products) = cell.without::<FUSED>(old, count);
        let Self { noise_precision, prior, .. } = *self;
        let step = Conditional { squares, products, noise_precision, prior }.draw(parameter, z);
        cell.step::<FUSED>(old, step, count);
    }
}

/// Computes the factors and biases of the entities from the cells, and how they have changed.
pub(super) struct FinishFactor;

impl Step for FinishFactor {
    #[inline(always)]
    fn run<const FUSED: bool>(&self, part: Part<'_>) {
        for (index, entity) in part.entities.enumerate() {
            let (cell, before) = (&part.cells[index], part.before[index]);
            let per_rating = part.side.features.sizes[entity].count.recip();
            let new = (cell.totals - before.others) * per_rating;
            let slope = new - before.factor;
            let bias = (before.errors - cell.errors - slope * before.others) * per_rating;
            part.factors[index] = new;
            part.biases[index] += bias;
            part.changes[index] = Change { bias, slope };
        }
    }
}
