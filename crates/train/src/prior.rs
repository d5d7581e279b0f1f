//! The prior of a user without ratings, learned from the trained users.

use matinee_model::{FactorsView, MovieRow, Rated, RatingScale, UserPrior, UserRow};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::algorithms::relative_range;
use crate::ratings::Rating;
use crate::rows::Rows;

/// The noise variances of a rating that are tried, as multiples of the error variance of the trained model.
const NOISE: [f64; 9] = [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// The number of users on which the noise is chosen, and the number of movies for each.
const SAMPLE: usize = 200;

/// The mean and covariance of the users, relative to the noise. The noise is chosen so that folding in a user's own ratings
/// comes nearest to the trained user. (Choosing it by how well ratings predict each other would give too little noise,
/// because the movies were trained on all of them.) The covariance is shrunk towards a multiple of the identity, more
/// strongly for fewer users.
pub fn user_prior(factors: FactorsView<'_>, ratings: &[Rating], scale: RatingScale) -> UserPrior {
    let squared_unit = relative_range(scale).powi(2);
    let rated = |rating: &Rating| Rated { movie: rating.movie, rating: rating.value };
    let pairs = ratings.iter().map(|rating| (rating.user.index(), rated(rating)));
    let by_user = Rows::of(factors.user_biases.len(), pairs);
    let trained = by_user.filled();
    let order = factors.rank() + 1;
    if trained.is_empty() {
        return UserPrior::uninformed(factors.rank());
    }
    let vectors = DMatrix::from_fn(order, trained.len(), |row, column| {
        let user = trained[column];
        f64::from(if row == 0 { factors.user_biases[user] } else { factors.user_factors[[user, row - 1]] })
    });
    let mean: DVector<f64> = vectors.column_mean();
    let precision = precision(&vectors, &mean, squared_unit);
    let sample: Vec<usize> = every_so_often(trained.len()).map(|place| trained[place]).collect();
    let prior = |noise: f64| UserPrior {
        mean: mean.iter().map(|&value| value as f32).collect(),
        precision: precision.iter().map(|&entry| (entry * noise) as f32).collect(),
    };
    let variance = residual_variance(factors, ratings).max(1e-3 * squared_unit);
    let candidates = NOISE.map(|multiple| prior(multiple * variance));
    let errors = candidates.each_ref().map(|prior| distance(factors, prior, &by_user, &sample));
    let best = (0..NOISE.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
    candidates.into_iter().nth(best).unwrap_or_else(|| prior(variance))
}

/// The inverse of the shrunk covariance. `squared_unit` is the square of what counts as a star.
fn precision(vectors: &DMatrix<f64>, mean: &DVector<f64>, squared_unit: f64) -> DMatrix<f64> {
    let (order, users) = vectors.shape();
    let centred = DMatrix::from_fn(order, users, |row, user| vectors[(row, user)] - mean[row]);
    let covariance = &centred * centred.transpose() / users as f64;
    let share = order as f64 / (users + order) as f64;
    let level = (covariance.trace() / order as f64).max(1e-6 * squared_unit);
    let shrunk =
        covariance * (1.0 - share) + DMatrix::identity(order, order) * (share * level + 1e-6 * squared_unit);
    shrunk.cholesky().map_or_else(|| DMatrix::identity(order, order), |factor| factor.inverse())
}

fn residual_variance(factors: FactorsView<'_>, ratings: &[Rating]) -> f64 {
    let error = |rating: &Rating| {
        f64::from(rating.value - factors.score(Some(rating.user), Some(rating.movie))).powi(2)
    };
    ratings.iter().map(error).sum::<f64>() / ratings.len().max(1) as f64
}

/// The squared differences between the scores of trained users and of the same users folded in.
fn distance(factors: FactorsView<'_>, prior: &UserPrior, by_user: &Rows<Rated>, sample: &[usize]) -> f64 {
    let of_user = |&user: &usize| {
        let folded = prior.view().fold_in(&factors, by_user.row(user));
        let difference = |movie: usize| {
            let movie = MovieRow(movie as u32);
            let trained = factors.score(Some(UserRow(user as u32)), Some(movie));
            f64::from(trained - factors.score_vector(&folded, movie)).powi(2)
        };
        every_so_often(factors.movie_biases.len()).map(difference).sum::<f64>()
    };
    // Summed in the order of the users: a parallel sum would depend on the threads.
    sample.par_iter().map(of_user).collect::<Vec<f64>>().iter().sum()
}

/// At most [`SAMPLE`] evenly spaced indices below `count`.
fn every_so_often(count: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(count.div_ceil(SAMPLE).max(1))
}
