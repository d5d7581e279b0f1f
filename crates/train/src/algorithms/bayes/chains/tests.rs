//! Tests that guard the sampler: what it keeps between sweeps is right, and what it draws has the right distribution.

mod geweke;
mod state;

use matinee_model::{MovieRow, RatingScale, UserRow};

use super::*;
use crate::algorithms::bayes::layout::Side;
use crate::algorithms::bayes::sweep::Change;
use crate::ratings::{Rating, Ratings};
use state::{State, features, places_by_movie};

/// The movies with each attribute, in one group.
const ATTRIBUTES: [&[u32]; 2] = [&[0, 1, 2], &[2, 3]];

/// Three of four pairs of these users and movies are rated. The first movies have attributes.
fn layout(users: u32, movies: u32) -> Layout {
    let pairs = (0..users).flat_map(|user| (0..movies).map(move |movie| (user, movie)));
    let value = |user: u32, movie: u32| 0.5 + (user * 7 + movie * 5 + user * movie) as f32 % 10.0 / 2.0;
    let ratings: Ratings = pairs
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

/// Rating minus score of a lane, by the definition. In the users' order.
fn expected_errors(chains: &Chains, layout: &Layout, lane: usize) -> Vec<f64> {
    let state = State::of(chains, lane);
    let ratings = layout.values.by_user.iter().zip(features(layout));
    ratings.map(|(&rating, features)| f64::from(rating) - state.score(&features)).collect()
}

/// The errors that a sweep over one side leaves, with the change of the last factor, which nobody reads.
fn errors_after(work: &Workspace, side: &Side, other: &Block, lane: usize) -> Vec<f64> {
    let last = other.factors.last().unwrap();
    let of_entity = |entity: usize| {
        let Change { bias, slope } = work.changes[entity];
        let places = side.ratings(entity).zip(side.others(entity));
        places.map(move |(place, &other)| work.errors[place] - (bias + slope * last[other as usize]))
    };
    (0..side.len()).flat_map(of_entity).map(|error| f64::from(error.0[lane])).collect()
}

fn assert_near(found: &[f64], expected: &[f64], when: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 2e-5, "{when}: {found} {expected}");
    }
}

#[test]
fn errors_are_ratings_minus_scores_before_and_after_the_draws() {
    let layout = layout(30, 20);
    let places = places_by_movie(&layout);
    let by_movie = |errors: Vec<f64>| places.iter().map(|&place| errors[place]).collect::<Vec<f64>>();
    let mut chains = Chains::new(&layout, 5, pseudo(layout.values.by_user.len()), 7);
    let mut work = Workspace::default();
    let shift = Lanes::ZERO;
    for sweep in 0..=20 {
        let intercept = chains.intercept;
        let values = &layout.values.by_user;
        chains.over_users(&layout, SetDraws::All, &mut work).score(intercept, values);
        for lane in 0..LANES {
            let errors: Vec<f64> = work.errors.iter().map(|error| f64::from(error.0[lane])).collect();
            let expected = expected_errors(&chains, &layout, lane);
            assert_near(&errors, &expected, &format!("users are scored, sweep {sweep}"));
        }
        chains.over_users(&layout, SetDraws::All, &mut work).draw(shift);
        for lane in 0..LANES {
            let errors = errors_after(&work, &layout.users, &chains.movies, lane);
            let expected = expected_errors(&chains, &layout, lane);
            assert_near(&errors, &expected, &format!("users are drawn, sweep {sweep}"));
        }
        let values = &layout.values.by_movie;
        chains.over_movies(&layout, SetDraws::All, &mut work).score(intercept, values);
        chains.over_movies(&layout, SetDraws::All, &mut work).draw(shift);
        for lane in 0..LANES {
            let errors = errors_after(&work, &layout.movies, &chains.users, lane);
            let expected = by_movie(expected_errors(&chains, &layout, lane));
            assert_near(&errors, &expected, &format!("movies are drawn, sweep {sweep}"));
        }
        chains.sweep(&layout, &layout.values, SetDraws::All, &mut work);
    }
}

/// Whatever another group has left in the buffers, the draws are the same.
#[test]
fn a_sweep_does_not_depend_on_what_is_in_the_buffers() {
    let layout = layout(30, 20);
    let new = || Chains::new(&layout, 3, pseudo(layout.values.by_user.len()), 7);
    let (mut chains, mut others, mut work) = (new(), new(), Workspace::default());
    work.errors = vec![Lanes::splat(f32::NAN); 10_000];
    for _ in 0..3 {
        chains.sweep(&layout, &layout.values, SetDraws::All, &mut work);
        others.sweep(&layout, &layout.values, SetDraws::All, &mut Workspace::default());
        assert_eq!(chains.intercept, others.intercept);
        assert_eq!(chains.users.parameters, others.users.parameters);
        assert_eq!(chains.movies.parameters, others.movies.parameters);
    }
}

/// However threads divide the entities, the draws are the same.
#[test]
fn a_sweep_does_not_depend_on_the_parts() {
    let (whole, mut divided) = (layout(300, 200), layout(300, 200));
    divided.divide(2);
    assert!(divided.users.parts.len() > 1 && divided.movies.parts.len() > 1);
    let new = || Chains::new(&whole, 3, pseudo(whole.values.by_user.len()), 7);
    let (mut chains, mut others, mut work) = (new(), new(), Workspace::default());
    for _ in 0..3 {
        let errors = chains.sweep(&whole, &whole.values, SetDraws::All, &mut work);
        assert_eq!(errors, others.sweep(&divided, &divided.values, SetDraws::All, &mut work));
        assert_eq!(chains.users.parameters, others.users.parameters);
        assert_eq!(chains.movies.parameters, others.movies.parameters);
    }
}

/// A sweep that leaves hyperpriors, noise and intercept as they are.
fn draw_weights(chains: &mut Chains, layout: &Layout, work: &mut Workspace) {
    let (intercept, shift) = (chains.intercept, Lanes::ZERO);
    let Values { by_user, by_movie } = &layout.values;
    chains.over_users(layout, SetDraws::All, work).score(intercept, by_user);
    chains.over_users(layout, SetDraws::All, work).draw(shift);
    chains.over_movies(layout, SetDraws::All, work).score(intercept, by_movie);
    chains.over_movies(layout, SetDraws::All, work).draw(shift);
}

/// With one rating and factors of 0, the score is the intercept plus four weights: of the two ids, and of the two sets with
/// one member each. With given variances, these are normal: with the error `e` of the prior means and the variance
/// `V = sum 1 / lambda + 1 / alpha` of the rating, weight j has the mean `mu_j + e / (lambda_j V)` and the variance
/// `1 / lambda_j - 1 / (lambda_j^2 V)`.
#[test]
fn one_rating_has_the_posterior_in_closed_form() {
    let rating = Rating { user: UserRow(0), movie: MovieRow(0), value: 4.5 };
    let layout = Layout::new(1, 1, &[rating].into(), &[]);
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
    let mut work = Workspace::default();
    for sweep in 0..20_100 {
        draw_weights(&mut chains, &layout, &mut work);
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
