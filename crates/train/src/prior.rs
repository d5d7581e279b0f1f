//! What is believed of a user before any rating, learned from the users that were trained.

use matinee_model::{FactorsView, Rated, UserPrior};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::ratings::Rating;

/// The variances of a rating's noise that are tried, as multiples of the errors' of the trained model.
const NOISE: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// How many users the noise is chosen on.
const MAX_USERS: usize = 500;

/// The users' mean and covariance, against the noise with which half of a user's ratings, folded in, predict the
/// other half best. The covariance is shrunk towards a multiple of the identity, the more the fewer users there are.
pub fn user_prior(factors: FactorsView<'_>, ratings: &[Rating]) -> UserPrior {
    let by_user = rated_by_user(factors.user_biases.len(), ratings);
    let trained: Vec<usize> = (0..by_user.len()).filter(|&user| !by_user[user].is_empty()).collect();
    let order = factors.rank() + 1;
    if trained.is_empty() {
        return UserPrior::uninformed(factors.rank());
    }
    let vectors = DMatrix::from_fn(order, trained.len(), |row, column| {
        let user = trained[column];
        f64::from(if row == 0 { factors.user_biases[user] } else { factors.user_factors[[user, row - 1]] })
    });
    let mean: DVector<f64> = vectors.column_mean();
    let precision = precision(&vectors, &mean);
    let sample: Vec<&[Rated]> =
        trained.iter().step_by(trained.len().div_ceil(MAX_USERS)).map(|&user| &by_user[user][..]).collect();
    let prior = |noise: f64| UserPrior {
        mean: mean.iter().map(|&value| value as f32).collect(),
        precision: precision.iter().map(|&entry| (entry * noise) as f32).collect(),
    };
    let scale = residual_variance(factors, ratings);
    let candidates = NOISE.map(|multiple| prior(multiple * scale));
    let errors = candidates.each_ref().map(|prior| halves_error(factors, prior, &sample));
    let best = (0..NOISE.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
    candidates.into_iter().nth(best).unwrap_or_else(|| prior(scale))
}

fn rated_by_user(users: usize, ratings: &[Rating]) -> Vec<Vec<Rated>> {
    let mut by_user = vec![Vec::new(); users];
    for rating in ratings {
        by_user[rating.user.index()].push(Rated { movie: rating.movie, rating: rating.value });
    }
    by_user
}

/// The inverse of the shrunk covariance.
fn precision(vectors: &DMatrix<f64>, mean: &DVector<f64>) -> DMatrix<f64> {
    let (order, users) = vectors.shape();
    let centred = DMatrix::from_fn(order, users, |row, user| vectors[(row, user)] - mean[row]);
    let covariance = &centred * centred.transpose() / users as f64;
    let share = order as f64 / (users + order) as f64;
    let level = (covariance.trace() / order as f64).max(1e-6);
    let shrunk = covariance * (1.0 - share) + DMatrix::identity(order, order) * (share * level + 1e-6);
    shrunk.cholesky().map_or_else(|| DMatrix::identity(order, order), |factor| factor.inverse())
}

fn residual_variance(factors: FactorsView<'_>, ratings: &[Rating]) -> f64 {
    let error = |rating: &Rating| {
        f64::from(rating.value - factors.score(Some(rating.user), Some(rating.movie))).powi(2)
    };
    (ratings.iter().map(error).sum::<f64>() / ratings.len().max(1) as f64).max(1e-3)
}

/// The squared error on every second rating of a user whose other ratings are folded in.
fn halves_error(factors: FactorsView<'_>, prior: &UserPrior, sample: &[&[Rated]]) -> f64 {
    let error = |rated: &&[Rated]| {
        let known: Vec<Rated> = rated.iter().copied().step_by(2).collect();
        let user = prior.view().fold_in(&factors, &known);
        let squares =
            rated.iter().skip(1).step_by(2).map(|&Rated { movie, rating }| {
                f64::from(rating - factors.score_vector(&user, movie)).powi(2)
            });
        squares.sum::<f64>()
    };
    // Summed in the order of the users: a parallel sum would depend on the threads.
    sample.par_iter().map(error).collect::<Vec<f64>>().iter().sum()
}
