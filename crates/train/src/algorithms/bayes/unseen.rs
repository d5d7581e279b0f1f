//! Rows without ratings, about which only the attributes are known.
//!
//! With an empty set, an unseen movie would look like one that nobody wants to rate, because the size of the set says how
//! many did. Instead it is treated as an average movie with its attributes. In the average, a movie with n ratings has the
//! weight `n^1/2`: between a random movie of the catalogue (weight 1) and a random requested movie (weight n).

use ndarray::Array2;

use super::block::Block;
use super::lanes::Lanes;
use super::layout::{SET, Side};
use super::samples::chunks_mut;

/// The rows of one side without ratings.
pub(super) struct Unseen {
    rows: Vec<u32>,
    /// The attribute features of each.
    features: Vec<Vec<u32>>,
    /// The first attribute feature of the side.
    first: usize,
    /// The weight of each entity in averages. The weights sum to 1.
    shares: Vec<f32>,
}

impl Unseen {
    /// `attributes` are those of which [`Layout::new`](super::layout::Layout::new) made the features after the first groups.
    pub(super) fn new(side: &Side, attributes: &[Vec<Vec<u32>>]) -> Self {
        let rows: Vec<u32> =
            (0..).zip(&side.entities).filter(|(_, entity)| entity.is_none()).map(|(row, _)| row).collect();
        let mut features = vec![Vec::new(); rows.len()];
        let first = side.features.groups.get(SET + 1).map_or(side.features.len(), |group| group.start);
        for (feature, having) in (first as u32..).zip(attributes.iter().flatten()) {
            for row in having {
                if let Ok(unseen) = rows.binary_search(row) {
                    features[unseen].push(feature);
                }
            }
        }
        let total: f32 = side.features.sizes.iter().map(|size| size.typicality()).sum();
        let shares = side.features.sizes.iter().map(|size| size.typicality() / total).collect();
        Self { rows, features, first, shares }
    }

    /// Writes the expected values of the rows to `biases` and `factors`.
    pub(super) fn expect(&self, block: &Block, side: &Side, biases: &mut [Lanes], factors: &mut Array2<f32>) {
        if self.rows.is_empty() {
            return;
        }
        let attributes = || self.first..side.features.len();
        // The part of each entity's bias that attributes explain, for an otherwise average entity.
        let mut explained = vec![Lanes::ZERO; side.len()];
        let mut sums = vec![Lanes::ZERO; side.len()];
        let mut squares = vec![Lanes::ZERO; side.len()];
        for (feature, &weight) in attributes().zip(&block.parameters[0][self.first..]) {
            for &entity in side.features.having(feature) {
                explained[entity as usize] += weight;
            }
        }
        for (factor, (own, parameters)) in block.factors.iter().zip(&block.parameters[1..]).enumerate() {
            sums.fill(Lanes::ZERO);
            squares.fill(Lanes::ZERO);
            for feature in attributes() {
                let term = parameters[feature];
                for &entity in side.features.having(feature) {
                    sums[entity as usize] += term;
                    squares[entity as usize] += term * term;
                }
            }
            let rest = self.average(|entity| own[entity] - sums[entity]);
            for ((explained, &sum), &square) in explained.iter_mut().zip(&sums).zip(&squares) {
                *explained += interactions(rest, sum, square);
            }
            for (&row, features) in self.rows.iter().zip(&self.features) {
                let (mut sum, mut square) = (Lanes::ZERO, Lanes::ZERO);
                for &feature in features {
                    let term = parameters[feature as usize];
                    sum += term;
                    square += term * term;
                }
                biases[row as usize] += interactions(rest, sum, square);
                chunks_mut(factors, row as usize)[factor] = (rest + sum).0;
            }
        }
        let rest = self.average(|entity| block.biases[entity] - explained[entity]);
        for (&row, features) in self.rows.iter().zip(&self.features) {
            biases[row as usize] += rest;
            for &feature in features {
                biases[row as usize] += block.parameters[0][feature as usize];
            }
        }
    }

    /// The weighted average over the entities.
    fn average(&self, of: impl Fn(usize) -> Lanes) -> Lanes {
        let mut sum = Lanes::ZERO;
        for (entity, &share) in self.shares.iter().enumerate() {
            sum += of(entity) * share;
        }
        sum
    }
}

/// The sum of the products of all pairs of one factor's terms: terms with this sum and this sum of squares, and one more
/// term.
fn interactions(one: Lanes, sum: Lanes, squares: Lanes) -> Lanes {
    let total = one + sum;
    (total * total - one * one - squares) * 0.5
}
