//! The prior of a user without ratings, learned from the trained users.

use matinee_model::{FactorsView, MovieRow, Rated, RatingScale, UserPrior, UserRow};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::algorithms::relative_range;
use crate::ratings::{Rating, Ratings};

/// The noise variances of a rating that are tried, as multiples of the error variance of the trained model.
const NOISE: [f64; 9] = [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// The number of users on which the noise is chosen, and the number of movies for each.
const SAMPLE: usize = 200;

/// The users whose vectors are multiplied at once.
const BLOCK: usize = 1 << 14;

/// The mean and covariance of the users, relative to the noise. The noise is chosen so that folding in a user's own ratings
/// comes nearest to the trained user. (Choosing it by how well ratings predict each other would give too little noise,
/// because the movies were trained on all of them.) The covariance is shrunk towards a multiple of the identity, more
/// strongly for fewer users.
pub fn user_prior(factors: FactorsView<'_>, ratings: &Ratings, scale: RatingScale) -> UserPrior {
    let squared_unit = relative_range(scale).powi(2);
    let trained = trained_users(factors.user_biases.len(), ratings);
    if trained.is_empty() {
        return UserPrior::uninformed(factors.rank());
    }
    let (mean, covariance) = moments(factors, &trained);
    let precision = precision(covariance, trained.len(), squared_unit);
    let sample: Vec<u32> = every_so_often(trained.len()).map(|place| trained[place]).collect();
    let sample = with_ratings(&sample, ratings);
    let prior = |noise: f64| UserPrior {
        mean: mean.iter().map(|&value| value as f32).collect(),
        precision: precision.iter().map(|&entry| (entry * noise) as f32).collect(),
    };
    let variance = residual_variance(factors, ratings).max(1e-3 * squared_unit);
    let candidates = NOISE.map(|multiple| prior(multiple * variance));
    let errors = candidates.each_ref().map(|prior| distance(factors, prior, &sample));
    let best = (0..NOISE.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
    candidates.into_iter().nth(best).unwrap_or_else(|| prior(variance))
}

/// The users with ratings, ascending.
fn trained_users(user_count: usize, ratings: &Ratings) -> Vec<u32> {
    let mut has_ratings = vec![false; user_count];
    for rating in ratings {
        has_ratings[rating.user.index()] = true;
    }
    (0..).zip(has_ratings).filter(|&(_, has_ratings)| has_ratings).map(|(user, _)| user).collect()
}

/// These users, which ascend, with their ratings.
fn with_ratings(users: &[u32], ratings: &Ratings) -> Vec<(u32, Vec<Rated>)> {
    let mut sample: Vec<(u32, Vec<Rated>)> = users.iter().map(|&user| (user, Vec::new())).collect();
    for Rating { user, movie, value } in ratings {
        if let Ok(place) = users.binary_search(&user.0) {
            sample[place].1.push(Rated { movie, rating: value });
        }
    }
    sample
}

/// The mean and the covariance of the biases and factors of these users, of whom only a block is in memory as columns.
fn moments(factors: FactorsView<'_>, users: &[u32]) -> (DVector<f64>, DMatrix<f64>) {
    let order = factors.rank() + 1;
    let entry = |row: usize, user: u32| {
        let user = user as usize;
        f64::from(if row == 0 { factors.user_biases[user] } else { factors.user_factors[[user, row - 1]] })
    };
    let mut mean = DVector::zeros(order);
    for &user in users {
        mean.axpy(1.0 / users.len() as f64, &DVector::from_fn(order, |row, _| entry(row, user)), 1.0);
    }
    let mut products = DMatrix::zeros(order, order);
    for block in users.chunks(BLOCK) {
        let centred = DMatrix::from_fn(order, block.len(), |row, place| entry(row, block[place]) - mean[row]);
        products.gemm(1.0, &centred, &centred.transpose(), 1.0);
    }
    (mean, products / users.len() as f64)
}

/// The inverse of the covariance of so many users, shrunk. `squared_unit` is the square of what counts as a star.
fn precision(covariance: DMatrix<f64>, users: usize, squared_unit: f64) -> DMatrix<f64> {
    let order = covariance.nrows();
    let share = order as f64 / (users + order) as f64;
    let level = (covariance.trace() / order as f64).max(1e-6 * squared_unit);
    let shrunk =
        covariance * (1.0 - share) + DMatrix::identity(order, order) * (share * level + 1e-6 * squared_unit);
    shrunk.cholesky().map_or_else(|| DMatrix::identity(order, order), |factor| factor.inverse())
}

fn residual_variance(factors: FactorsView<'_>, ratings: &Ratings) -> f64 {
    let error = |rating: Rating| {
        f64::from(rating.value - factors.score(Some(rating.user), Some(rating.movie))).powi(2)
    };
    ratings.iter().map(error).sum::<f64>() / ratings.len().max(1) as f64
}

/// The squared differences between the scores of trained users and of the same users folded in.
fn distance(factors: FactorsView<'_>, prior: &UserPrior, sample: &[(u32, Vec<Rated>)]) -> f64 {
    let of_user = |(user, rated): &(u32, Vec<Rated>)| {
        let folded = prior.view().fold_in(&factors, rated);
        let difference = |movie: usize| {
            let movie = MovieRow(movie as u32);
            let trained = factors.score(Some(UserRow(*user)), Some(movie));
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
