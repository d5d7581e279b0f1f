//! The least squares of `iALS`: one row of factors against the other side's.

use crate::factors::dot;
use crate::linear::{Cholesky, add_outer_product};

/// What weighs on a row that is solved for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImplicitRegression {
    /// The weight of a pair without a signal, towards 0; one with a signal has the signal more, towards 1.
    pub unobserved_weight: f32,
    /// The regularisation for each signal of the row, of which a row without counts `unobserved_weight`.
    pub regularisation: f32,
}

/// A row that was solved for, and the system that it solves.
#[derive(Debug, Clone)]
pub struct ImplicitRow {
    /// The factors.
    pub factors: Vec<f32>,
    system: Cholesky,
}

impl ImplicitRegression {
    /// The row that has these `signals` for rows of `others`, which are as long as `gram` is wide and `F' F` of which
    /// `gram` is: equation 10 of Rendle et al. with frequency-scaled regularisation (exponent 1). `None` if the
    /// numbers overflow.
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
    /// What each signal contributes to the score of the row `of`: they add up to it.
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
