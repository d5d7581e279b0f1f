//! The least squares problem of `iALS`: solves for one row of factors with the other side fixed.

use crate::factors::dot;
use crate::linear::{Cholesky, add_outer_product};

/// The weights of the least squares problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImplicitRegression {
    /// The weight of a pair without a signal, with target 0. A pair with a signal has this weight plus the signal, and
    /// target 1.
    pub unobserved_weight: f32,
    /// The regularisation for each signal of the row. A missing signal counts `unobserved_weight`.
    pub regularisation: f32,
}

/// A solved row, with the factored system that it solves.
#[derive(Debug, Clone)]
pub struct ImplicitRow {
    /// The factors.
    pub factors: Vec<f32>,
    system: Cholesky,
}

impl ImplicitRegression {
    /// The row with these `signals` for rows of `others`. `others` has rows of length `rank`, and `gram` is its `F' F`.
    /// This is equation 10 of Rendle et al. with frequency-scaled regularisation (exponent 1). `None` if the numbers
    /// overflow.
    pub fn solve(
        &self,
        signals: impl Iterator<Item = (u32, f32)> + Clone,
        others: &[f32],
        gram: &[f32],
        rank: usize,
    ) -> Option<ImplicitRow> {
        let other_count = others.len() / rank.max(1);
        let frequency = signals.clone().count() as f32 + self.unobserved_weight * other_count as f32;
        let mut matrix: Vec<f32> = gram.iter().map(|entry| self.unobserved_weight * entry).collect();
        matrix.iter_mut().step_by(rank + 1).for_each(|diagonal| *diagonal += self.regularisation * frequency);
        let mut factors = vec![0.0; rank];
        for (other, signal) in signals {
            let row = &others[other as usize * rank..(other as usize + 1) * rank];
            add_outer_product(&mut matrix, row, signal);
            factors.iter_mut().zip(row).for_each(|(sum, factor)| *sum += signal * factor);
        }
        let system = Cholesky::new(matrix, rank)?;
        system.solve(&mut factors);
        Some(ImplicitRow { factors, system })
    }
}

impl ImplicitRow {
    /// The contribution of each signal to the score of the row `of`. They add up to the score.
    pub(crate) fn contributions(
        &self,
        of: &[f32],
        signals: impl Iterator<Item = (u32, f32)>,
        others: &[f32],
    ) -> Vec<f32> {
        let mut direction = of.to_vec();
        self.system.solve(&mut direction);
        let rank = of.len();
        let towards =
            |other: u32| dot(&direction, &others[other as usize * rank..(other as usize + 1) * rank]);
        signals.map(|(other, signal)| signal * towards(other)).collect()
    }
}
