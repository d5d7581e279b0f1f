//! The pass of an epoch: the messages that users send about their posteriors, and about the direction of the sets.

use super::fixed::{self, FRACTION, POSTERIOR, in_total, message};
use super::layout::Observation;
use super::pass::{Outbox, Step};
use super::regression::Regression;
use super::shape::{Shape, packed, write_moments};
use super::users::{User, Users};

/// The sum of the squared errors, and of the posterior variances of `t_u`.
pub(super) fn last_totals(totals: &[i64]) -> [f64; 2] {
    let last = &totals[totals.len() - 2..];
    [last[0], last[1]].map(fixed::total)
}

/// The number of sums of each movie, and of totals.
pub(super) fn lengths(shape: Shape) -> [usize; 2] {
    [plain(shape) + shape.features(), shape.covariance() + shape.order() + 2]
}

/// The length of the plain message.
fn plain(shape: Shape) -> usize {
    shape.moments() + 3 * shape.order()
}

/// The totals are packed products of deviations, deviations, squared errors, and the posterior variances of `t_u`.
///
/// The message has the second moment, the deviation times `n^-1/2`, and the sums over the user's movies of both halves of the
/// direction, the first divided by `n`. The rated message is the mean.
impl Step for Users<'_> {
    type Work = User;

    fn work(&self) -> User {
        User::new(self.shape)
    }

    fn totals(&self) -> usize {
        lengths(self.shape)[1]
    }

    fn message(&self) -> usize {
        plain(self.shape)
    }

    fn rated_message(&self) -> usize {
        self.shape.features()
    }

    #[inline(always)]
    fn send(&self, user: &mut User, ratings: &[Observation], outbox: Outbox<'_>) {
        user.fold_in(self, ratings);
        let Regression { mean, covariance, .. } = &user.regression;
        let order = self.shape.order();
        let (moments, rest) = outbox.message.split_at_mut(self.shape.moments());
        write_moments(mean, covariance, |place, value| moments[place] = message(value, POSTERIOR));
        let (deviation, rest) = rest.split_at_mut(order);
        let share = (ratings.len() as f64).recip();
        for (row, to) in deviation.iter_mut().enumerate() {
            *to = message(share.sqrt() * (mean[row] - user.prior_mean[row]), POSTERIOR);
        }
        let ([of_rated, of_raters], weight) = user.sums_for_sets();
        let (to_rated, rest) = rest.split_at_mut(order);
        for (to, &sum) in to_rated.iter_mut().zip(of_rated) {
            *to = message(sum * share, FRACTION);
        }
        let (to_raters, rated) = rest.split_at_mut(order);
        for (to, &sum) in to_raters.iter_mut().zip(of_raters) {
            *to = message(sum, FRACTION);
        }
        rated[0] = message(mean[0], POSTERIOR);
        rated[1] = message(1.0, POSTERIOR);
        for (to, &factor) in rated[2..].iter_mut().zip(&mean[1..]) {
            *to = message(factor, POSTERIOR);
        }

        let (products, rest) = outbox.totals.split_at_mut(self.shape.covariance());
        for row in 0..order {
            let own = mean[row] - user.prior_mean[row];
            rest[row] += in_total(own);
            for column in 0..=row {
                let other = mean[column] - user.prior_mean[column];
                products[packed(row, column)] += in_total(own * other + covariance[row * order + column]);
            }
        }
        rest[order] += in_total(user.squared_errors());
        rest[order + 1] += in_total((self.rater_precision + weight).recip());
    }
}
