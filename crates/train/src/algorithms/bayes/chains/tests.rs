//! Tests that guard the sampler: what it keeps between sweeps is right, and what it draws has the right distribution.

mod geweke;
mod state;

use matinee_model::{MovieRow, RatingScale, UserRow};

use super::*;
use crate::ratings::Rating;
use state::{State, features};

/// The movies with each attribute, in one group.
const ATTRIBUTES: [&[u32]; 2] = [&[0, 1, 2], &[2, 3]];

/// Three of four pairs of these users and movies are rated. The first movies have attributes.
fn layout(users: u32, movies: u32) -> Layout {
    let pairs = (0..users).flat_map(|user| (0..movies).map(move |movie| (user, movie)));
    let value = |user: u32, movie: u32| 0.5 + (user * 7 + movie * 5 + user * movie) as f32 % 10.0 / 2.0;
    let ratings: Vec<Rating> = pairs
        .filter(|(user, movie)| (user * movies + movie) % 4 != 3)
        .map(|(user, movie)| Rating {
            user: UserRow(user),
            movie: MovieRow(movie),
            value: value(user, movie),
        })
        .collect();
    let attributes = vec![ATTRIBUTES.map(<[u32]>::to_vec).to_vec()];
    Layout::new(users as usize, movies as usize, &ratings, &attributes)
}

/// The pseudo-observations for this many ratings with the mean 3.
fn pseudo(ratings: usize) -> PseudoObservations {
    PseudoObservations::new(ratings, 3.0, RatingScale::MOVIELENS)
}

#[test]
fn kept_errors_are_ratings_minus_scores() {
    let layout = layout(30, 20);
    let features = features(&layout);
    let mut chains = Chains::new(&layout, 3, pseudo(layout.values.len()), 7);
    for sweep in 0..=20 {
        for lane in 0..LANES {
            let state = State::of(&chains, lane);
            for ((kept, &rating), features) in chains.errors.iter().zip(&layout.values).zip(&features) {
                let (kept, expected) = (f64::from(kept.0[lane]), f64::from(rating) - state.score(features));
                assert!((kept - expected).abs() < 2e-5, "after {sweep} sweeps: {kept} {expected}");
            }
        }
        chains.sweep(&layout);
    }
}

/// A sweep that leaves hyperpriors, noise and intercept as they are. There is only one rating.
fn draw_weights(chains: &mut Chains, layout: &Layout) {
    Arch::new().dispatch(UserSweep { chains, layout, shift: Lanes::ZERO });
    chains.mirrored[0] = chains.errors[0];
    Arch::new().dispatch(MovieSweep { chains, layout });
    chains.errors[0] = chains.mirrored[0];
}

/// With one rating and factors of 0, the score is the intercept plus four weights: of the two ids, and of the two sets with
/// one member each. With given variances, these are normal: with the error `e` of the prior means and the variance
/// `V = sum 1 / lambda + 1 / alpha` of the rating, weight j has the mean `mu_j + e / (lambda_j V)` and the variance
/// `1 / lambda_j - 1 / (lambda_j^2 V)`.
#[test]
fn one_rating_has_the_posterior_in_closed_form() {
    let rating = Rating { user: UserRow(0), movie: MovieRow(0), value: 4.5 };
    let layout = Layout::new(1, 1, &[rating], &[]);
    let mut chains = Chains::new(&layout, 1, pseudo(1), 3);
    for block in [&mut chains.users, &mut chains.movies] {
        block.priors[1].iter_mut().for_each(|prior| prior.precision = Lanes::splat(1e12));
    }
    let (alpha, means, precisions) = (1.7_f32, [0.3, -0.2, 0.1, 0.4_f32], [2.0, 4.0, 1.0, 3.0_f32]);
    chains.noise_precision = Lanes::splat(alpha);
    for (index, (&mean, &precision)) in means.iter().zip(&precisions).enumerate() {
        let block = if index < 2 { &mut chains.users } else { &mut chains.movies };
        block.priors[0][index % 2].mean = Lanes::splat(mean);
        block.priors[0][index % 2].precision = Lanes::splat(precision);
    }
    let mut found = geweke::BatchMeans::new(8, 400);
    for sweep in 0..20_100 {
        draw_weights(&mut chains, &layout);
        if sweep >= 100 {
            for lane in 0..LANES {
                let weights = [&chains.users, &chains.movies]
                    .map(|block| [0, 1].map(|feature| f64::from(block.parameters[0][feature].0[lane])));
                let weights = weights.concat();
                found.add(lane, weights.iter().flat_map(|&weight| [weight, weight * weight]));
            }
        }
    }
    let [alpha, error] = [alpha, 4.5 - 3.0 - means.iter().sum::<f32>()].map(f64::from);
    let variances = precisions.map(|precision| 1.0 / f64::from(precision));
    let total = variances.iter().sum::<f64>() + 1.0 / alpha;
    for (index, (mean, variance)) in means.into_iter().zip(variances).enumerate() {
        let expected = f64::from(mean) + variance * error / total;
        let left = variance - variance * variance / total;
        for (of, expected) in [(2 * index, expected), (2 * index + 1, expected * expected + left)] {
            let (found, deviation) = found.mean(of);
            let z = (found - expected) / deviation;
            assert!(deviation < 0.02 && z.abs() < 4.5, "weight {index}: {found} {expected}, z {z}");
        }
    }
}
