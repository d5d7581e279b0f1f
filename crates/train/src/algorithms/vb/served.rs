//! The posterior as the model that is served: mean, biases and factors.
//!
//! A rating to be predicted is not in the sets of its user and movie, but ratings in training are. So the score is predicted
//! as if it were, as in `bayes`: it adds `x_u c_i + x_i d_u`, where `x = (n + 1)^-1/2`, `c_i = <y_i, (1, q_i)>` and
//! `d_u = <t_u, (1, p_u)>`. These are two more factors.
//!
//! Movies without ratings are average movies with their own attributes. In the average, a movie with n ratings has the weight
//! `n^1/2`. Users without ratings are the average user, with the same weights, to whom all biases and factors are relative.

use matinee_model::Factors;
use ndarray::{Array1, Array2};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::facts::Facts;
use super::features::Features;
use super::layout::{Layout, Observation};
use super::movies::{Movies, row as row_of};
use super::sets::{Sets, root};
use super::shape::Shape;
use super::users::{User, Users};

/// The factors of a rating's own membership.
const MEMBERSHIP: usize = 2;

/// Bias and factors of each row of one side, row-major.
struct Side {
    width: usize,
    rows: Vec<f32>,
}

/// The rows of users with these ratings, and how many ratings each has.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct UserRows {
    /// The number of ratings of each user.
    pub(crate) counts: Vec<u32>,
    /// `p_u`, `x_u` and `d_u`: users x width. Users without ratings have zeros.
    pub(crate) rows: Vec<f32>,
}

/// The rows of the users of a layout.
pub(super) fn user_rows(users: &Users, sets: &Sets, facts: &Facts, layout: &Layout) -> UserRows {
    let width = width(users.shape);
    let order = users.shape.order();
    let mut raters = Vec::with_capacity(layout.movie_count() * order);
    for (movie, &count) in (0..).zip(&facts.movie_counts) {
        raters.extend(sets.raters(movie).iter().map(|entry| root(count) * entry));
    }
    let mut rows = vec![0.0; layout.user_count() * width];
    rows.par_chunks_mut(width).enumerate().for_each_init(
        || (User::new(users.shape), vec![0.0; order], Vec::new()),
        |(work, coefficients, ratings), (user, row)| {
            ratings.clear();
            ratings.extend(layout.ratings(user));
            if !ratings.is_empty() {
                Arch::new().dispatch(UserRow { users, raters: &raters, work, coefficients, ratings, row });
            }
        },
    );
    UserRows { counts: (0..layout.user_count()).map(|user| layout.count(user)).collect(), rows }
}

/// The number of entries in a row.
pub(super) fn width(shape: Shape) -> usize {
    shape.order() + MEMBERSHIP
}

/// The model of all users.
pub(super) fn factors(
    movies: &Movies,
    features: &Features,
    facts: &Facts,
    UserRows { counts, rows }: UserRows,
) -> Factors {
    let width = width(movies.shape());
    let mut user_side = Side { width, rows };
    let mut movie_side = Side { width, rows: vec![0.0; facts.movie_count() * width] };
    for (movie, row) in (0..).zip(movie_side.rows.chunks_exact_mut(width)) {
        write_movie(movies.mean(movie), features.sets.rated(movie), facts.movie_counts[movie as usize], row);
    }
    complete(&mut movie_side, facts, &features.attributes.expected());
    movie_side.rows = facts.places.by_row(&movie_side.rows, width);
    let mean = centre(&mut user_side, &mut movie_side, &counts);
    let [(user_biases, user_factors), (movie_biases, movie_factors)] =
        [user_side, movie_side].map(Side::split);
    Factors { mean: facts.mean + mean, user_biases, movie_biases, user_factors, movie_factors }
}

/// The row of one user.
struct UserRow<'a> {
    users: &'a Users,
    /// `n_i^-1/2 a_i`, whose sum over the user's movies is `t_u`: movies x order
    raters: &'a [f32],
    work: &'a mut User,
    /// Memory for `t_u`.
    coefficients: &'a mut [f64],
    ratings: &'a [Observation],
    row: &'a mut [f32],
}

impl WithSimd for UserRow<'_> {
    type Output = ();

    /// Writes `p_u`, `x_u` and `d_u`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { users, raters, work, coefficients, ratings, row } = self;
        work.fold_in(users, ratings);
        let mean = &work.regression.mean;
        for (to, &entry) in row.iter_mut().zip(mean) {
            *to = entry as f32;
        }
        coefficients.fill(0.0);
        for observation in ratings {
            let entries = row_of(raters, observation.movie, mean.len());
            coefficients.iter_mut().zip(entries).for_each(|(sum, &entry)| *sum += f64::from(entry));
        }
        let along = coefficients[1..].iter().zip(&mean[1..]).map(|(entry, factor)| entry * factor);
        row[mean.len()] = one_more(ratings.len());
        row[mean.len() + 1] = (coefficients[0] + along.sum::<f64>()) as f32;
    }
}

/// `q_i`, `c_i`, `x_i`
fn write_movie(mean: &[f32], own: &[f32], count: u32, row: &mut [f32]) {
    if count == 0 {
        return;
    }
    row[..mean.len()].copy_from_slice(mean);
    row[mean.len()] = own[0] + own[1..].iter().zip(&mean[1..]).map(|(own, factor)| own * factor).sum::<f32>();
    row[mean.len() + 1] = one_more(count as usize);
}

/// The scale of a set with one more member.
fn one_more(count: usize) -> f32 {
    ((count + 1) as f32).sqrt().recip()
}

/// Writes the rows of movies without ratings. `of_attributes`: movies x order.
fn complete(movies: &mut Side, facts: &Facts, of_attributes: &[f32]) {
    let order = movies.width - MEMBERSHIP;
    let attributes = |movie: usize| &of_attributes[movie * order..(movie + 1) * order];
    let average = average(&facts.movie_counts, movies.width, |movie, entry| {
        movies.rows[movie * movies.width + entry] - attributes(movie).get(entry).unwrap_or(&0.0)
    });
    for (movie, row) in movies.rows.chunks_exact_mut(movies.width).enumerate() {
        if facts.movie_counts[movie] == 0 {
            row.copy_from_slice(&average);
            row.iter_mut().zip(attributes(movie)).for_each(|(entry, &own)| *entry += own);
        }
    }
}

/// Makes users relative to their average, whose biases and interactions move to mean and movies. Returns what is added to
/// the mean.
fn centre(users: &mut Side, movies: &mut Side, counts: &[u32]) -> f32 {
    let width = users.width;
    let average = average(counts, width, |user, entry| users.rows[user * width + entry]);
    for (row, _) in users.rows.chunks_exact_mut(width).zip(counts).filter(|(_, count)| **count > 0) {
        row.iter_mut().zip(&average).for_each(|(entry, &mean)| *entry -= mean);
    }
    for row in movies.rows.chunks_exact_mut(width) {
        row[0] += row[1..].iter().zip(&average[1..]).map(|(factor, mean)| factor * mean).sum::<f32>();
    }
    average[0]
}

/// The average of the rows with ratings, each weighted by `count^1/2`.
fn average(counts: &[u32], width: usize, entry_of: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut sums = vec![0.0_f64; width];
    let mut weights = 0.0;
    for (row, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let weight = f64::from(count).sqrt();
        weights += weight;
        for (entry, sum) in sums.iter_mut().enumerate() {
            *sum += weight * f64::from(entry_of(row, entry));
        }
    }
    sums.iter().map(|sum| (sum / weights) as f32).collect()
}

impl Side {
    fn split(self) -> (Array1<f32>, Array2<f32>) {
        let (width, rows) = (self.width, self.rows.len() / self.width);
        let biases = self.rows.chunks_exact(width).map(|row| row[0]).collect();
        let factors =
            Array2::from_shape_fn((rows, width - 1), |(row, factor)| self.rows[row * width + 1 + factor]);
        (biases, factors)
    }
}
