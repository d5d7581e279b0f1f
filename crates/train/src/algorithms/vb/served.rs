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

use super::layout::{Layout, Observation};
use super::users::{User, Users};

/// The factors of a rating's own membership.
const MEMBERSHIP: usize = 2;

/// Bias and factors of each row of one side, row-major.
struct Side {
    width: usize,
    rows: Vec<f32>,
}

/// The model of these users, on the ratings of the layout.
pub(super) fn factors(users: &Users<'_>, layout: &Layout) -> Factors {
    let width = users.shape.order() + MEMBERSHIP;
    let mut user_side = Side { width, rows: vec![0.0; layout.user_count() * width] };
    user_side.rows.par_chunks_mut(width).enumerate().for_each_init(
        || (User::new(users.shape), Vec::new()),
        |(work, ratings), (user, row)| {
            ratings.clear();
            layout.extend(ratings, user);
            if !ratings.is_empty() {
                Arch::new().dispatch(UserRow { users, layout, work, ratings, row });
            }
        },
    );
    let mut movie_side = Side { width, rows: vec![0.0; layout.movie_count() * width] };
    for (movie, row) in (0..).zip(movie_side.rows.chunks_exact_mut(width)) {
        write_movie(users, movie, layout.movie_counts[movie as usize], row);
    }
    complete(&mut movie_side, layout, &users.features.attributes.expected());
    let mean = centre(&mut user_side, &mut movie_side, layout);
    let [(user_biases, user_factors), (movie_biases, movie_factors)] =
        [user_side, movie_side].map(Side::split);
    Factors { mean: layout.mean + mean, user_biases, movie_biases, user_factors, movie_factors }
}

/// The row of one user.
struct UserRow<'a> {
    users: &'a Users<'a>,
    layout: &'a Layout,
    work: &'a mut User,
    ratings: &'a [Observation],
    row: &'a mut [f32],
}

impl WithSimd for UserRow<'_> {
    type Output = ();

    /// Writes `p_u`, `x_u` and `d_u`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { users, layout, work, ratings, row } = self;
        work.fold_in(users, ratings);
        let mean = &work.regression.mean;
        for (to, &entry) in row.iter_mut().zip(mean) {
            *to = entry as f32;
        }
        let mut of_set = 0.0;
        for observation in ratings {
            let scale = f64::from(layout.movie_counts[observation.movie as usize]).sqrt().recip();
            let own = users.features.sets.raters(observation.movie);
            let mut along = f64::from(own[0]);
            for (&entry, &factor) in own[1..].iter().zip(&mean[1..]) {
                along += f64::from(entry) * factor;
            }
            of_set += scale * along;
        }
        row[mean.len()] = one_more(ratings.len());
        row[mean.len() + 1] = of_set as f32;
    }
}

/// `q_i`, `c_i`, `x_i`
fn write_movie(users: &Users<'_>, movie: u32, count: u32, row: &mut [f32]) {
    if count == 0 {
        return;
    }
    let (mean, own) = (users.movies.mean(movie), users.features.sets.rated(movie));
    row[..mean.len()].copy_from_slice(mean);
    row[mean.len()] = own[0] + own[1..].iter().zip(&mean[1..]).map(|(own, factor)| own * factor).sum::<f32>();
    row[mean.len() + 1] = one_more(count as usize);
}

/// The scale of a set with one more member.
fn one_more(count: usize) -> f32 {
    ((count + 1) as f32).sqrt().recip()
}

/// Writes the rows of movies without ratings. `of_attributes`: movies x order.
fn complete(movies: &mut Side, layout: &Layout, of_attributes: &[f32]) {
    let order = movies.width - MEMBERSHIP;
    let attributes = |movie: usize| &of_attributes[movie * order..(movie + 1) * order];
    let average = average(&layout.movie_counts, movies.width, |movie, entry| {
        movies.rows[movie * movies.width + entry] - attributes(movie).get(entry).unwrap_or(&0.0)
    });
    for (movie, row) in movies.rows.chunks_exact_mut(movies.width).enumerate() {
        if layout.movie_counts[movie] == 0 {
            row.copy_from_slice(&average);
            row.iter_mut().zip(attributes(movie)).for_each(|(entry, &own)| *entry += own);
        }
    }
}

/// Makes users relative to their average, whose biases and interactions move to mean and movies. Returns what is added to
/// the mean.
fn centre(users: &mut Side, movies: &mut Side, layout: &Layout) -> f32 {
    let counts: Vec<u32> = (0..layout.user_count()).map(|user| layout.count(user) as u32).collect();
    let width = users.width;
    let average = average(&counts, width, |user, entry| users.rows[user * width + entry]);
    for (row, _) in users.rows.chunks_exact_mut(width).zip(&counts).filter(|(_, count)| **count > 0) {
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
