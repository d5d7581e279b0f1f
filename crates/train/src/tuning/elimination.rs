//! Decides which points cannot win any more.
//!
//! The rule: after `k` of `K` folds, the leader is the point with the lowest sum of RMSEs. A point is dropped if its sum
//! over the `k` folds exceeds the leader's by more than `(K - k) * margin * m`, where `m` is
//! the leader's mean RMSE.
//!
//! The bound: a dropped point could have been best only if it beat that leader on the remaining folds, on average, by more
//! than the share `margin` of the leader's RMSE. As long as no point does, the result is the same as if everything were
//! measured: every dropped point ends behind a leader, and that leader is the best point or ends behind it.

use crate::evaluation::Errors;

/// The share of the leader's RMSE that a point may still gain on each remaining fold: 0.75 %. On MovieLens, if one point
/// of the usual grid is better than another on average, the other never beats it by more than 0.55 % on a single fold
/// (`benches/peers/run.sh tuning`).
pub const MARGIN: f64 = 0.0075;

/// Drops the points that cannot win. All remaining points are measured on the same folds. A point whose errors are not
/// finite has lost.
pub fn drop_hopeless(errors: &[Vec<Errors>], is_left: &mut [bool], folds: u32, margin: Option<f64>) {
    let (Some(margin), Some((leader, mean))) = (margin, leader(errors, is_left)) else { return };
    let measured = errors[leader].len();
    let allowance = (folds as usize).saturating_sub(measured) as f64 * margin * mean;
    let best = sum(&errors[leader]);
    // Nothing is dropped after the last fold: the remaining points are complete.
    if measured < folds as usize {
        for (left, errors) in is_left.iter_mut().zip(errors) {
            *left &= sum(errors) - best <= allowance;
        }
    }
}

/// The remaining point with the lowest mean RMSE, with that RMSE. The first of equal points.
pub fn leader(errors: &[Vec<Errors>], is_left: &[bool]) -> Option<(usize, f64)> {
    let left = (0..errors.len()).filter(|&point| is_left[point] && !errors[point].is_empty());
    let best = left.min_by(|&a, &b| sum(&errors[a]).total_cmp(&sum(&errors[b])))?;
    Some((best, sum(&errors[best]) / errors[best].len() as f64)).filter(|(_, mean)| mean.is_finite())
}

/// The sum of the RMSEs. Infinite if one of them is not a number.
fn sum(errors: &[Errors]) -> f64 {
    let sum: f64 = errors.iter().map(|errors| errors.rmse).sum();
    if sum.is_nan() { f64::INFINITY } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn errors(rmse: f64) -> Errors {
        Errors { rmse, mae: rmse }
    }

    /// Goes through a table of RMSEs (points x folds) fold by fold, as tuning does.
    fn eliminate(table: &[Vec<f64>], margin: Option<f64>) -> (usize, Vec<bool>, bool) {
        let folds = table[0].len();
        let (mut measured, mut is_left) = (vec![Vec::new(); table.len()], vec![true; table.len()]);
        let mut bound_holds = true;
        for fold in 0..folds {
            for point in (0..table.len()).filter(|&point| is_left[point]) {
                measured[point].push(errors(table[point][fold]));
            }
            let before = is_left.clone();
            drop_hopeless(&measured, &mut is_left, folds as u32, margin);
            let (ahead, mean) = leader(&measured, &before).unwrap();
            for point in (0..table.len()).filter(|&point| before[point] && !is_left[point]) {
                let made_up: f64 =
                    (fold + 1..folds).map(|fold| table[ahead][fold] - table[point][fold]).sum();
                bound_holds &= made_up <= (folds - fold - 1) as f64 * margin.unwrap() * mean;
            }
        }
        (leader(&measured, &is_left).unwrap().0, is_left, bound_holds)
    }

    proptest! {
        #[test]
        fn what_could_win_by_the_bound_is_never_dropped(
            table in prop::collection::vec(prop::collection::vec(0.8_f64..1.0, 4), 1..8),
            margin in 0.0_f64..0.05,
        ) {
            let (exhaustive, ..) = eliminate(&table, None);
            let (best, is_left, bound_holds) = eliminate(&table, Some(margin));
            prop_assert!(is_left[best]);
            prop_assume!(bound_holds);
            let sum = |point: usize| table[point].iter().sum::<f64>();
            prop_assert!(sum(best) <= sum(exhaustive) + 1e-12);
        }
    }

    #[test]
    fn points_are_dropped_by_the_stated_allowance() {
        // After the first of 5 folds, 4 x 0.005 x 0.9 = 0.018.
        let measured = [0.9, 0.9179, 0.9181, 0.95].map(|rmse| vec![errors(rmse)]);
        let mut is_left = vec![true; 4];
        drop_hopeless(&measured, &mut is_left, 5, Some(0.005));
        assert_eq!(is_left, [true, true, false, false]);
    }

    #[test]
    fn a_point_that_is_not_finite_has_lost() {
        let measured = [f64::NAN, 1.0, f64::INFINITY].map(|rmse| vec![errors(rmse)]);
        let mut is_left = vec![true; 3];
        drop_hopeless(&measured, &mut is_left, 5, Some(0.5));
        assert_eq!(is_left, [false, true, false]);
        assert_eq!(leader(&measured, &[true, false, true]), None);
    }

    #[test]
    fn nothing_is_dropped_without_a_margin_or_after_the_last_fold() {
        let measured = [1.0, 2.0].map(|rmse| vec![errors(rmse)]);
        for (folds, margin) in [(5, None), (1, Some(0.0))] {
            let mut is_left = vec![true; 2];
            drop_hopeless(&measured, &mut is_left, folds, margin);
            assert_eq!(is_left, [true, true]);
        }
    }
}
