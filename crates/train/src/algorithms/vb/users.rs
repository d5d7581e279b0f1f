//! Users: each is computed from the movies when it is needed, and not kept.

use std::borrow::Cow;
use std::hint::black_box;

use super::gram::Gram;
use super::layout::Observation;
use super::movies::{Movies, row};
use super::priors::Prior;
use super::regression::{Evidence, Regression};
use super::sets::Search;
use super::shape::{Shape, packed};
use crate::state::{StateError, StateReader, StateWriter};

/// Ratings whose movies are fetched at the same time.
const FETCHED: usize = 16;
/// The bytes that a processor fetches at once.
const CACHE_LINE: usize = 64;

/// What the posteriors of users depend on.
///
/// Users read what they need of a movie for each rating, mostly from main memory. So it lies in two places only: a row of
/// `f32`, and the covariance.
pub(crate) struct Users<'a> {
    pub(super) shape: Shape,
    /// For each movie the mean, what is [added up](User::sums), and the unit of the covariance.
    rows: Vec<f32>,
    /// movies x covariance
    covariances: Cow<'a, [i8]>,
    prior: Cow<'a, Prior>,
    noise: f64,
    /// The prior precision of `t_u`, as a multiple of that of movies.
    pub(super) rater_precision: f64,
}

impl<'a> Users<'a> {
    /// `rated` is what each movie adds to the prior means of its raters: movies x order.
    pub(super) fn new(
        movies: &'a Movies,
        rated: &[f32],
        search: &Search<'_>,
        prior: &'a Prior,
        noise: f64,
    ) -> Self {
        let shape = movies.shape();
        let order = shape.order();
        let width = width(shape);
        let mut rows = vec![0.0; rated.len() / order * width];
        for (movie, row) in (0..).zip(rows.chunks_exact_mut(width)) {
            row[..order].copy_from_slice(movies.mean(movie));
            row[order..2 * order].copy_from_slice(&rated[movie as usize * order..][..order]);
            row[width - 2] = search.write(movie, &mut row[2 * order..width - 2]);
            row[width - 1] = movies.unit(movie);
        }
        let (covariances, prior) = (Cow::Borrowed(movies.covariances()), Cow::Borrowed(prior));
        Self { shape, rows, covariances, prior, noise, rater_precision: search.rater_precision }
    }

    /// The posterior mean of a movie.
    #[inline(always)]
    pub(super) fn mean(&self, movie: u32) -> &[f32] {
        &self.row(movie)[..self.shape.order()]
    }

    /// What a movie adds to the prior means of its raters.
    #[inline(always)]
    pub(super) fn rated(&self, movie: u32) -> &[f32] {
        &self.row(movie)[self.shape.order()..2 * self.shape.order()]
    }

    #[inline(always)]
    fn row(&self, movie: u32) -> &[f32] {
        row(&self.rows, movie, width(self.shape))
    }

    #[inline(always)]
    fn covariance(&self, movie: u32) -> &[i8] {
        row(&self.covariances, movie, self.shape.covariance())
    }

    /// Reads the movies of some ratings into the cache. The processor waits for all of them at once, and not for each when
    /// it is needed.
    #[inline(always)]
    fn fetch(&self, ratings: &[Observation]) {
        let mut bits = 0;
        for observation in ratings {
            let (row, covariance) = (self.row(observation.movie), self.covariance(observation.movie));
            for entry in row.iter().step_by(CACHE_LINE / size_of::<f32>()).chain(row.last()) {
                bits ^= entry.to_bits();
            }
            for entry in covariance.iter().step_by(CACHE_LINE).chain(covariance.last()) {
                bits ^= u32::from(entry.cast_unsigned());
            }
        }
        black_box(bits);
    }

    /// The same, without borrowing.
    pub(super) fn into_owned(self) -> Users<'static> {
        let Self { shape, rows, covariances, prior, noise, rater_precision } = self;
        let covariances = Cow::Owned(covariances.into_owned());
        Users { shape, rows, covariances, prior: Cow::Owned(prior.into_owned()), noise, rater_precision }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        self.shape.save(state);
        state.floats(&self.rows);
        state.tiny_numbers(self.covariances.iter().copied());
        self.prior.save(state);
        state.reals(&[self.noise, self.rater_precision]);
    }

    /// Reads what [`save`](Self::save) wrote of so many movies.
    pub(super) fn of_state(movie_count: usize, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let shape = Shape::restore(state)?;
        let (rows, covariances) = (state.all_floats()?, state.tiny_numbers()?);
        let fits = |length: usize, width| Some(length) == movie_count.checked_mul(width);
        if !fits(rows.len(), width(shape)) || !fits(covariances.len(), shape.covariance()) {
            return Err(StateError::new("it has other movies or factors".to_owned()));
        }
        let mut prior = Prior::new(shape, 1.0, 1.0);
        prior.restore(state)?;
        let mut reals = [0.0; 2];
        state.reals(&mut reals)?;
        let [noise, rater_precision] = reals;
        let (covariances, prior) = (Cow::Owned(covariances), Cow::Owned(prior));
        Ok(Self { shape, rows, covariances, prior, noise, rater_precision })
    }
}

/// The length of a movie's row.
fn width(shape: Shape) -> usize {
    shape.order() + added(shape) + 1
}

/// How many entries of a movie's row are added up: see [`User::sums`].
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
    partial_covariances: Vec<f32>,
    moments: Vec<f64>,
    products: Vec<f64>,
    /// Over the movies: of what they add to the prior mean, of both halves of the direction of the [sets](Search), and of
    /// their weights.
    sums: Vec<f64>,
}

impl User {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            regression: Regression::new(shape),
            prior_mean: vec![0.0; shape.order()],
            gram: Gram::new(shape.features() + 1),
            covariances: vec![0.0; shape.covariance()],
            partial_covariances: vec![0.0; shape.covariance()],
            moments: vec![0.0; shape.moments()],
            products: vec![0.0; shape.features()],
            sums: vec![0.0; added(shape)],
        }
    }

    /// Computes the posterior of a user with these ratings.
    #[inline(always)]
    pub(super) fn fold_in(&mut self, users: &Users<'_>, ratings: &[Observation]) {
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
    fn add_up(&mut self, users: &Users<'_>, ratings: &[Observation]) {
        self.gram.clear();
        self.covariances.fill(0.0);
        self.sums.fill(0.0);
        for group in ratings.chunks(FETCHED) {
            users.fetch(group);
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
    fn add(&mut self, users: &Users<'_>, observation: Observation) {
        let (mean, rest) = users.row(observation.movie).split_at(self.shape.order());
        let row = self.gram.next();
        row[0] = mean[0];
        row[1] = 1.0;
        row[2..=mean.len()].copy_from_slice(&mean[1..]);
        row[mean.len() + 1] = observation.value();
        for (sum, &entry) in self.sums.iter_mut().zip(rest) {
            *sum += f64::from(entry);
        }
        let unit = rest[rest.len() - 1];
        for (sum, &entry) in self.partial_covariances.iter_mut().zip(users.covariance(observation.movie)) {
            *sum += unit * f32::from(entry);
        }
    }

    #[inline(always)]
    fn add_partial(&mut self) {
        self.gram.add();
        for (sum, partial) in self.covariances.iter_mut().zip(&mut self.partial_covariances) {
            *sum += f64::from(std::mem::take(partial));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two movies with one factor each.
    fn users() -> Users<'static> {
        let shape = Shape { factors: 1 };
        // The mean, what is added up, and the unit of the covariance.
        let rows = [
            [0.5, 2.0, 0.1, 0.2, 1.0, 2.0, 3.0, 4.0, 0.25, 0.5],
            [-1.0, 3.0, 0.3, 0.4, 5.0, 6.0, 7.0, 8.0, 0.5, 0.1],
        ];
        Users {
            shape,
            rows: rows.as_flattened().to_vec(),
            covariances: Cow::Owned(vec![2, 1, 4, 10, -5, 20]),
            prior: Cow::Owned(Prior::new(shape, 0.5, 1.0)),
            noise: 0.8,
            rater_precision: 1.0,
        }
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
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let ([rated, raters], weight) = user.sums_for_sets();
        assert_eq!((rated, raters, weight), (&[7.0, 10.0][..], &[13.0, 16.0][..], 1.0));
    }

    #[test]
    fn squared_errors_are_those_of_the_ratings() {
        let (users, mut user) = (users(), User::new(Shape { factors: 1 }));
        user.fold_in(&users, &ratings());
        let mean = &user.regression.mean;
        let errors = ratings().map(|observation| {
            let movie = users.mean(observation.movie);
            let score = f64::from(movie[0]) + mean[0] + mean[1] * f64::from(movie[1]);
            f64::from(observation.value()) - score
        });
        let expected: f64 = errors.iter().map(|error| error * error).sum();
        assert!((user.squared_errors() - expected).abs() < 1e-6, "{} {expected}", user.squared_errors());
    }
}
