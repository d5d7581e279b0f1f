//! Users: each is computed from the movies when it is needed, and only its messages remain.

use super::fixed::{POSTERIOR, in_total, message};
use super::layout::Observation;
use super::movies::{Movies, row};
use super::pass::{Outbox, Step};
use super::priors::Prior;
use super::regression::{Evidence, Regression};
use super::shape::{Shape, packed, write_moments};

/// The most ratings whose moments are added up in `f32`. Longer sums would lose precision.
const CHUNK: usize = 64;

/// What the regression of a user depends on.
pub(super) struct Users<'a> {
    pub(super) shape: Shape,
    pub(super) movies: &'a Movies,
    /// What each movie adds to the prior means of its raters: movies x order.
    pub(super) rated: &'a [f32],
    pub(super) prior: &'a Prior,
    pub(super) noise: f64,
}

/// A user's posterior, and memory to compute it.
pub(super) struct User {
    pub(super) regression: Regression,
    prior_mean: Vec<f64>,
    moments: Vec<f64>,
    products: Vec<f64>,
    partial_moments: Vec<f32>,
    partial_products: Vec<f32>,
    set: Vec<f64>,
}

impl User {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            regression: Regression::new(shape),
            prior_mean: vec![0.0; shape.order()],
            moments: vec![0.0; shape.moments()],
            products: vec![0.0; shape.features()],
            partial_moments: vec![0.0; shape.moments()],
            partial_products: vec![0.0; shape.features()],
            set: vec![0.0; shape.order()],
        }
    }

    /// Computes the posterior of a user with these ratings.
    #[inline(always)]
    pub(super) fn fold_in(&mut self, users: &Users<'_>, ratings: &[Observation]) {
        self.moments.fill(0.0);
        self.products.fill(0.0);
        self.set.fill(0.0);
        for chunk in ratings.chunks(CHUNK) {
            self.add_evidence(users, chunk);
        }
        let scale = (ratings.len().max(1) as f64).sqrt().recip();
        for ((mean, &prior), &sum) in self.prior_mean.iter_mut().zip(&users.prior.mean).zip(&self.set) {
            *mean = prior + scale * sum;
        }
        let evidence = Evidence { moments: &self.moments, products: &self.products };
        self.regression.solve(evidence, users.noise, &self.prior_mean, &users.prior.precision);
    }

    #[inline(always)]
    fn add_evidence(&mut self, users: &Users<'_>, ratings: &[Observation]) {
        self.partial_moments.fill(0.0);
        self.partial_products.fill(0.0);
        for &observation in ratings {
            let (movie, value) = (observation.movie, observation.value());
            for (sum, &moment) in self.partial_moments.iter_mut().zip(users.movies.moments(movie)) {
                *sum += moment;
            }
            let mean = users.movies.mean(movie);
            self.partial_products[0] += value * mean[0];
            self.partial_products[1] += value;
            for (sum, &factor) in self.partial_products[2..].iter_mut().zip(&mean[1..]) {
                *sum += value * factor;
            }
            for (sum, &entry) in self.set.iter_mut().zip(row(users.rated, movie, mean.len())) {
                *sum += f64::from(entry);
            }
        }
        for (sum, &partial) in self.moments.iter_mut().zip(&self.partial_moments) {
            *sum += f64::from(partial);
        }
        for (sum, &partial) in self.products.iter_mut().zip(&self.partial_products) {
            *sum += f64::from(partial);
        }
    }

    /// The sum of the squared errors on the ratings, of posterior means.
    #[inline(always)]
    fn squared_errors(&self, users: &Users<'_>, ratings: &[Observation]) -> f64 {
        let mut squares = 0.0;
        for observation in ratings {
            let (own, movie) = (&self.regression.mean, users.movies.mean(observation.movie));
            let mut score = own[0] + f64::from(movie[0]);
            for (&own, &factor) in own[1..].iter().zip(&movie[1..]) {
                score += own * f64::from(factor);
            }
            squares += (f64::from(observation.value()) - score).powi(2);
        }
        squares
    }
}

/// The totals: packed products of deviations, deviations, and squared errors. The messages: the second moment, the deviation
/// times `n^-1/2`, and to be multiplied by the rating, the mean.
impl Step for Users<'_> {
    type Work = User;

    fn work(&self) -> User {
        User::new(self.shape)
    }

    fn totals(&self) -> usize {
        self.shape.covariance() + self.shape.order() + 1
    }

    fn message(&self) -> usize {
        self.shape.moments() + self.shape.order()
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
        let (deviation, rated) = rest.split_at_mut(order);
        let scale = (ratings.len() as f64).sqrt().recip();
        for (row, to) in deviation.iter_mut().enumerate() {
            *to = message(scale * (mean[row] - user.prior_mean[row]), POSTERIOR);
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
        rest[order] += in_total(user.squared_errors(self, ratings));
    }
}
