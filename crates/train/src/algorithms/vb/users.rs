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
/// Users read the rows of the movies for each rating, mostly from main memory. So what they need of a movie lies in one row.
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
            for entry in self.row(observation.movie).iter().step_by(CACHE_LINE / size_of::<f32>()) {
                bits ^= entry.to_bits();
            }
            for &entry in self.covariance(observation.movie).iter().step_by(CACHE_LINE) {
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
    pub(super) fn sums_for_sets(&self) -> [&[f64]; 3] {
        let (halves, weight) = self.sums[self.shape.order()..].split_at(2 * self.shape.order());
        let (rated, raters) = halves.split_at(self.shape.order());
        [rated, raters, weight]
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
        squares.max(0.0)
    }
}
