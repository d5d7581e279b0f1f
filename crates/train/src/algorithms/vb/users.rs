//! Users: each is computed from the movies when it is needed, and not kept.

use super::gram::Gram;
use super::layout::Observation;
use super::movies::Movies;
use super::priors::Prior;
use super::records::{Records, covariance_words, entries};
use super::regression::{Evidence, Regression};
use super::sets::Search;
use super::shape::{Shape, packed};
use super::units::Units;
use crate::state::{StateError, StateReader, StateWriter};

/// Ratings whose movies are fetched at the same time.
const FETCHED: usize = 16;

/// What the posteriors of users depend on.
pub(crate) struct Users {
    pub(super) shape: Shape,
    records: Records,
    prior: Prior,
    noise: f64,
    /// The prior precision of `t_u`, as a multiple of that of movies.
    pub(super) rater_precision: f64,
    /// The units of what users send.
    pub(super) units: Units,
}

impl Users {
    /// `rated` is what each movie adds to the prior means of its raters: movies x order.
    pub(super) fn new(
        movies: &Movies,
        rated: &[f32],
        search: &Search<'_>,
        prior: &Prior,
        noise: f64,
    ) -> Self {
        let records = Records::of(movies, rated, search);
        Self::of_records(movies.shape(), records, prior.clone(), noise, search.rater_precision)
    }

    fn of_records(shape: Shape, records: Records, prior: Prior, noise: f64, rater_precision: f64) -> Self {
        let units = Units::of(&prior, noise);
        Self { shape, records, prior, noise, rater_precision, units }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        self.shape.save(state);
        self.records.save(state);
        self.prior.save(state);
        state.reals(&[self.noise, self.rater_precision]);
    }

    /// Reads what [`save`](Self::save) wrote of so many movies.
    pub(super) fn of_state(movie_count: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let shape = Shape::restore(state)?;
        let records = Records::of_state(shape, movie_count, state)?;
        let mut prior = Prior::new(shape, 1.0, 1.0);
        prior.restore(state)?;
        let mut reals = [0.0; 2];
        state.reals(&mut reals)?;
        let [noise, rater_precision] = reals;
        Ok(Self::of_records(shape, records, prior, noise, rater_precision))
    }
}

/// The number of entries of [`User::sums`].
fn added(shape: Shape) -> usize {
    3 * shape.order() + 1
}

/// A user's posterior, and memory to compute it.
pub(super) struct User {
    shape: Shape,
    pub(super) regression: Regression,
    pub(super) prior_mean: Vec<f64>,
    /// Of `f` of the movies' means, and the rating: see [`Shape`].
    gram: Gram,
    /// The packed sum of the movies' covariances.
    covariances: Vec<f64>,
    /// What is to be added to `covariances`, of a few movies.
    partial_covariances: Vec<f32>,
    moments: Vec<f64>,
    products: Vec<f64>,
    /// Over the movies: of what they add to the prior mean, of both halves of the direction of the [sets](Search), and of
    /// their weights.
    sums: Vec<f64>,
    /// What is to be added to `sums`, of a few movies.
    partial_sums: Vec<f32>,
}

impl User {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            regression: Regression::new(shape),
            prior_mean: vec![0.0; shape.order()],
            gram: Gram::new(shape.features() + 1),
            covariances: vec![0.0; shape.covariance()],
            partial_covariances: vec![0.0; 2 * covariance_words(shape)],
            moments: vec![0.0; shape.moments()],
            products: vec![0.0; shape.features()],
            sums: vec![0.0; added(shape)],
            partial_sums: vec![0.0; added(shape)],
        }
    }

    /// Computes the posterior of a user with these ratings.
    #[inline(always)]
    pub(super) fn fold_in(&mut self, users: &Users, ratings: &[Observation]) {
        self.add_up(users, ratings);
        let scale = (ratings.len().max(1) as f64).sqrt().recip();
        for ((mean, &prior), &sum) in self.prior_mean.iter_mut().zip(&users.prior.mean).zip(&self.sums) {
            *mean = prior + scale * sum;
        }
        self.write_evidence();
        let evidence = Evidence { moments: &self.moments, products: &self.products };
        self.regression.solve(evidence, users.noise, &self.prior_mean, &users.prior.precision);
    }

    /// Adds up what the regression needs of the movies.
    #[inline(always)]
    fn add_up(&mut self, users: &Users, ratings: &[Observation]) {
        self.gram.clear();
        self.covariances.fill(0.0);
        self.sums.fill(0.0);
        for group in ratings.chunks(FETCHED) {
            users.records.fetch(group.iter().map(|observation| observation.movie));
            for &observation in group {
                self.add(users, observation);
                if self.gram.is_full() {
                    self.add_partial();
                }
            }
        }
        self.add_partial();
    }

    #[inline(always)]
    fn add(&mut self, users: &Users, observation: Observation) {
        let record = users.records.record(observation.movie);
        let order = record.mean.len();
        let row = self.gram.next();
        row[0] = record.mean_unit * f32::from(record.mean[0]);
        row[1] = 1.0;
        for (to, &factor) in row[2..=order].iter_mut().zip(&record.mean[1..]) {
            *to = record.mean_unit * f32::from(factor);
        }
        row[order + 1] = observation.value();

        let (of_rated, rest) = self.partial_sums.split_at_mut(order);
        let (first, rest) = rest.split_at_mut(order);
        let (second, weight) = rest.split_at_mut(order);
        add_in_units(of_rated, record.rated, record.rated_unit);
        add_in_units(first, record.direction[0], record.direction_units[0]);
        add_in_units(second, record.direction[1], record.direction_units[1]);
        weight[0] += record.weight;
        let (first, second) = self.partial_covariances.split_at_mut(record.covariance.len());
        for ((first, second), &word) in first.iter_mut().zip(second).zip(record.covariance) {
            let [one, other] = entries(word);
            *first += record.covariance_unit * f32::from(one);
            *second += record.covariance_unit * f32::from(other);
        }
    }

    #[inline(always)]
    fn add_partial(&mut self) {
        self.gram.add();
        let Self { covariances, partial_covariances, sums, partial_sums, .. } = self;
        for (sums, partial) in [(covariances, partial_covariances), (sums, partial_sums)] {
            for (sum, &partial) in sums.iter_mut().zip(&*partial) {
                *sum += f64::from(partial);
            }
            partial.fill(0.0);
        }
    }

    /// Makes the sums the evidence of the regression.
    #[inline(always)]
    fn write_evidence(&mut self) {
        let Self { shape, gram, covariances, moments, products, .. } = self;
        let features = shape.features();
        for row in 0..features {
            for column in 0..=row {
                moments[packed(row, column)] = gram.sum(row, column);
            }
            products[row] = gram.sum(features, row);
        }
        let feature = |unknown: usize| if unknown == 0 { 0 } else { unknown + 1 };
        for row in 0..shape.order() {
            for column in 0..=row {
                moments[packed(feature(row), feature(column))] += covariances[packed(row, column)];
            }
        }
    }

    /// What was added up for the sets: both halves of the direction, and the weights.
    #[inline(always)]
    pub(super) fn sums_for_sets(&self) -> ([&[f64]; 2], f64) {
        let order = self.shape.order();
        let (halves, weight) = self.sums[order..].split_at(2 * order);
        (halves.split_at(order).into(), weight[0])
    }

    /// The sum of the squared errors on the ratings, of posterior means.
    #[inline(always)]
    pub(super) fn squared_errors(&self) -> f64 {
        let features = self.shape.features();
        // The error is the rating minus the movie's bias, and minus `w` times `x`.
        let weight = |entry: usize| match entry {
            0 => -1.0,
            _ if entry == features => 1.0,
            _ => -self.regression.mean[entry - 1],
        };
        let mut squares = 0.0;
        for row in 0..=features {
            let mut sum = 0.0;
            for column in 0..row {
                sum += 2.0 * weight(column) * self.gram.sum(row, column);
            }
            squares += weight(row) * (sum + weight(row) * self.gram.sum(row, row));
        }
        // Rounding can make a sum near zero negative. `max` would also hide that it is not a number.
        if squares < 0.0 { 0.0 } else { squares }
    }
}

#[inline(always)]
fn add_in_units(sums: &mut [f32], numbers: &[i16], unit: f32) {
    for (sum, &number) in sums.iter_mut().zip(numbers) {
        *sum += unit * f32::from(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::vb::records::Contents;

    /// Numbers of movies are rounded to a 30,000th of the largest.
    const TOLERANCE: f64 = 1e-3;
    /// The means of two movies with one factor each.
    const MEANS: [[f32; 2]; 2] = [[0.5, 2.0], [-1.0, 3.0]];

    fn users() -> Users {
        let shape = Shape { factors: 1 };
        let first = Contents {
            vectors: [&MEANS[0], &[0.1, 0.2], &[1.0, 2.0], &[3.0, 4.0]],
            covariance: &[2, 1, 4],
            covariance_unit: 0.5,
            weight: 0.25,
        };
        let second = Contents {
            vectors: [&MEANS[1], &[0.3, 0.4], &[5.0, 6.0], &[7.0, 8.0]],
            covariance: &[10, -5, 20],
            covariance_unit: 0.1,
            weight: 0.5,
        };
        let records = Records::of_contents(shape, &[first, second]);
        Users::of_records(shape, records, Prior::new(shape, 0.5, 1.0), 0.8, 1.0)
    }

    fn ratings() -> [Observation; 3] {
        [(0, 4096), (1, -8192), (0, 2048)].map(|(movie, steps)| Observation { movie, steps })
    }

    #[test]
    fn the_sums_of_a_user_are_those_of_the_movies() {
        let mut user = User::new(Shape { factors: 1 });
        user.fold_in(&users(), &ratings());
        // f = (bias, 1, factor): sums of products of means, and of covariances.
        let expected = [
            2.0 * 0.25 + 1.0 + 2.0 * 1.0 + 1.0,
            2.0 * 0.5 - 1.0,
            3.0,
            2.0 * 1.0 - 3.0 + 2.0 * 0.5 - 0.5,
            2.0 * 2.0 + 3.0,
            2.0 * 4.0 + 9.0 + 2.0 * 2.0 + 2.0,
        ];
        for (found, expected) in user.moments.iter().zip(expected) {
            assert!((found - expected).abs() < TOLERANCE, "{found} {expected}");
        }
        let ([rated, raters], weight) = user.sums_for_sets();
        for (found, expected) in rated.iter().chain(raters).zip([7.0, 10.0, 13.0, 16.0]) {
            assert!((found - expected).abs() < TOLERANCE, "{found} {expected}");
        }
        assert_eq!(weight, 1.0);
    }

    #[test]
    fn all_entries_of_covariances_are_added() {
        let shape = Shape { factors: 3 };
        let numbers: Vec<i8> = (-3..7).collect();
        let vectors = [&[1.0; 4][..]; 4];
        let movie = Contents { vectors, covariance: &numbers, covariance_unit: 0.5, weight: 1.0 };
        let records = Records::of_contents(shape, &[movie]);
        let users = Users::of_records(shape, records, Prior::new(shape, 0.5, 1.0), 0.8, 1.0);
        let mut user = User::new(shape);
        user.fold_in(&users, &[Observation { movie: 0, steps: 0 }; 2]);
        let expected: Vec<f64> = numbers.into_iter().map(f64::from).collect();
        assert_eq!(user.covariances, expected);
    }

    #[test]
    fn squared_errors_are_those_of_the_ratings() {
        let (users, mut user) = (users(), User::new(Shape { factors: 1 }));
        user.fold_in(&users, &ratings());
        let mean = &user.regression.mean;
        let errors = ratings().map(|observation| {
            let movie = MEANS[observation.movie as usize];
            let score = f64::from(movie[0]) + mean[0] + mean[1] * f64::from(movie[1]);
            f64::from(observation.value()) - score
        });
        let expected: f64 = errors.iter().map(|error| error * error).sum();
        assert!((user.squared_errors() - expected).abs() < TOLERANCE, "{} {expected}", user.squared_errors());
    }
}
