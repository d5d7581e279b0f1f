//! The errors on a hold-out by groups of users, for a paired comparison of two models.

use serde::{Deserialize, Serialize};

/// The squared errors on the hold-out, summed over groups of users. A user is in the same group in every model.
///
/// The difference between two models varies less from group to group than their errors do, because the same ratings are
/// hard for both. Its variation shows how much of the difference may be chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupErrors {
    /// How many ratings of each group were held out.
    pub counts: Vec<u32>,
    /// The sum of their squared errors.
    pub squares: Vec<f64>,
}

impl GroupErrors {
    /// The standard error of the difference between the RMSE of `self` and of `other`, by leaving out one group
    /// after another (Efron, Stein, "The Jackknife Estimate of Variance", 1981). `None` if the groups do not
    /// correspond, or if fewer than two have ratings in both.
    pub fn standard_error_against(&self, other: &Self) -> Option<f64> {
        let groups = self.counts.len();
        let lengths = [self.squares.len(), other.counts.len(), other.squares.len()];
        if lengths.iter().any(|&length| length != groups) {
            return None;
        }
        let (own, others) = (self.totals(), other.totals());
        let without =
            |group: usize| Some(self.rmse_without(group, own)? - other.rmse_without(group, others)?);
        let is_in_both = |group: &usize| self.counts[*group] > 0 && other.counts[*group] > 0;
        let differences: Vec<f64> = (0..groups).filter(is_in_both).map(without).collect::<Option<_>>()?;
        let count = differences.len() as f64;
        if differences.len() < 2 {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / count;
        let spread: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
        let error = (spread * (count - 1.0) / count).sqrt();
        error.is_finite().then_some(error)
    }

    /// The number of ratings.
    pub fn count(&self) -> usize {
        self.counts.iter().map(|&count| count as usize).sum()
    }

    /// The root mean squared error, if there are ratings.
    pub fn rmse(&self) -> Option<f64> {
        let (count, squares) = self.totals();
        (count > 0).then(|| (squares / count as f64).sqrt())
    }

    fn totals(&self) -> (u64, f64) {
        (self.counts.iter().map(|&count| u64::from(count)).sum(), self.squares.iter().sum())
    }

    fn rmse_without(&self, group: usize, (count, squares): (u64, f64)) -> Option<f64> {
        let count = count.checked_sub(u64::from(self.counts[group])).filter(|&count| count > 0)?;
        Some(((squares - self.squares[group]).max(0.0) / count as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(squares: impl Fn(usize) -> f64) -> GroupErrors {
        GroupErrors { counts: vec![100; 32], squares: (0..32).map(squares).collect() }
    }

    fn wave(group: usize) -> f64 {
        70.0 + 20.0 * (group as f64 * 2.3).sin()
    }

    #[test]
    fn what_both_find_hard_is_no_doubt() {
        let (one, same) = (errors(wave), errors(wave));
        assert_eq!(one.standard_error_against(&same), Some(0.0));
        let worse = errors(|group| wave(group) * 1.02);
        let unpaired = errors(|group| wave(group + 7) * 1.02);
        let [paired, unpaired] = [worse, unpaired].map(|model| model.standard_error_against(&one).unwrap());
        assert!(paired < 0.001 && unpaired > 0.015, "{paired} {unpaired}");
    }

    #[test]
    fn the_jackknife_of_a_mean_is_its_standard_error() {
        // With equal counts and small differences the RMSE is nearly linear in the squares.
        let (one, other) = (errors(|_| 100.0), errors(|group| 100.0 + (group % 2) as f64));
        let expected = 0.005 / 2.0 / 31.0_f64.sqrt();
        let found = other.standard_error_against(&one).unwrap();
        assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
    }

    #[test]
    fn groups_that_do_not_correspond_are_not_compared() {
        let one = errors(wave);
        for change in [
            (|errors| errors.counts.truncate(31)) as fn(&mut GroupErrors),
            |errors| errors.squares.truncate(31),
            |errors| errors.counts = vec![0; 32],
            |errors| errors.counts[1..].fill(0),
        ] {
            let mut other = one.clone();
            change(&mut other);
            assert_eq!(one.standard_error_against(&other), None);
        }
    }
}
