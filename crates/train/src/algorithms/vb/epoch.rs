//! The pass of an epoch: the messages that users send about their posteriors, and about the direction of the sets.

use super::fixed::{self, in_total};
use super::layout::Observation;
use super::pass::{Outbox, Step};
use super::regression::Regression;
use super::shape::packed;
use super::units::{Content, Units};
use super::users::{User, Users};

/// The sum of the squared errors, and of the posterior variances of `t_u`.
pub(super) fn last_totals(totals: &[i64]) -> [f64; 2] {
    let last = &totals[totals.len() - 2..];
    [last[0], last[1]].map(fixed::total)
}

/// The number of sums of each movie, and of totals.
pub(super) fn lengths(units: &Units) -> [usize; 2] {
    let shape = units.shape;
    [units.plain() + shape.features(), shape.covariance() + shape.order() + 2]
}

/// The totals are packed products of deviations, deviations, squared errors, and the posterior variances of `t_u`.
impl Step for Users {
    type Work = User;

    fn work(&self) -> User {
        User::new(self.shape)
    }

    fn totals(&self) -> usize {
        lengths(&self.units)[1]
    }

    fn message(&self) -> usize {
        self.units.plain()
    }

    fn rated_message(&self) -> usize {
        self.shape.features()
    }

    #[inline(always)]
    fn send(&self, user: &mut User, ratings: &[Observation], outbox: Outbox<'_>) {
        user.fold_in(self, ratings);
        let (direction, weight) = user.sums_for_sets();
        let content = Content {
            posterior: &user.regression,
            prior_mean: &user.prior_mean,
            direction,
            rating_count: ratings.len(),
        };
        self.units.write(&content, outbox.message);

        let Regression { mean, covariance, .. } = &user.regression;
        let order = self.shape.order();
        let (products, rest) = outbox.totals.split_at_mut(self.shape.covariance());
        for row in 0..order {
            let own = mean[row] - user.prior_mean[row];
            add(&mut rest[row], own);
            for column in 0..=row {
                let other = mean[column] - user.prior_mean[column];
                add(&mut products[packed(row, column)], own * other + covariance[row * order + column]);
            }
        }
        add(&mut rest[order], user.squared_errors());
        add(&mut rest[order + 1], (self.rater_precision + weight).recip());
    }
}

/// Adds to a total. If a run diverges, a total can overflow. Wrapped, it is still the same in any order.
#[inline(always)]
fn add(total: &mut i64, number: f64) {
    *total = total.wrapping_add(in_total(number));
}
