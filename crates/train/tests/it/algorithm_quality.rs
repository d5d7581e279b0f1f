//! Each algorithm learns the structure that it can express, and each hyperparameter has an effect.

use matinee_model::{Factors, MovieRow, RatingScale, UserRow};
use matinee_train::algorithm::Training;
use matinee_train::algorithms::{CHOICES, configure};
use matinee_train::attributes::MovieAttributes;
use matinee_train::evaluation::{evaluate, measure};
use matinee_train::hyperparameters::Domain;
use matinee_train::progress::Silent;
use matinee_train::ratings::{Rating, Ratings};
use matinee_train::split::{by_folds, cold_movies, random_folds};
use ndarray::Axis;

use crate::sample_data::{checkerboard, field, movielens};

fn fit(algorithm: &str, given: &[(&str, &str)], ratings: &Ratings, rows: usize) -> Factors {
    let attributes = MovieAttributes::default();
    let training = Training {
        user_count: rows,
        movie_count: rows,
        ratings,
        attributes: &attributes,
        scale: RatingScale::MOVIELENS,
        seed: 3,
    };
    configure(algorithm, given.iter().copied()).unwrap().fit(&training, &Silent).factors
}

#[test]
fn factors_express_a_checkerboard_and_biases_cannot() {
    let ratings = checkerboard(40, 40);
    let unseen: Ratings =
        (0..1600).filter(|index| index % 7 == 0).map(|index| field(index / 40, index % 40)).collect();
    let given = [("n_factors", "8"), ("n_epochs", "100"), ("lr_all", "0.02")];
    let svd = fit("svd", &given, &ratings, 40);
    assert!(measure(svd.view(), &unseen, RatingScale::MOVIELENS).rmse < 0.1);
    let bayes = fit("bayes", &[("n_samples", "50")], &ratings, 40);
    assert!(measure(bayes.view(), &unseen, RatingScale::MOVIELENS).rmse < 0.2);
    let vb = fit("vb", &[("n_epochs", "100")], &ratings, 40);
    assert!(measure(vb.view(), &unseen, RatingScale::MOVIELENS).rmse < 0.2);
    let bias = fit("bias", &[], &ratings, 40);
    assert!(measure(bias.view(), &unseen, RatingScale::MOVIELENS).rmse > 1.9);
}

/// Ratings without noise, nearly all of which are the same, and some users who are unlike all others.
#[test]
fn ratings_that_follow_a_rule_are_learned_by_vb() {
    let value = |user: u32, movie: u32| match (user % 700, (user * 31 + movie * 17) % 10) {
        (0, _) => 0.5,
        (_, 0) => 4.5,
        _ => 5.0,
    };
    let is_rated = |user: u32, movie: u32| {
        let mixed = user.wrapping_mul(0x9e37_79b1) ^ movie.wrapping_mul(0x85eb_ca77);
        ((mixed ^ (mixed >> 15)).wrapping_mul(0xc2b2_ae3d) >> 8).is_multiple_of(10)
    };
    let pairs = (0..7000).flat_map(|user| (0..400).map(move |movie| (user, movie)));
    let ratings: Ratings = pairs
        .filter(|&(user, movie)| is_rated(user, movie))
        .map(|(user, movie)| Rating {
            user: UserRow(user),
            movie: MovieRow(movie),
            value: value(user, movie),
        })
        .collect();
    let vb = fit("vb", &[("n_epochs", "40")], &ratings, 7000);
    let error = measure(vb.view(), &ratings, RatingScale::MOVIELENS).rmse;
    assert!(error < 0.05, "{error}");
}

#[test]
fn rows_without_ratings_contribute_nothing() {
    for algorithm in ["svd", "svdpp", "als", "bias", "mean"] {
        let factors = fit(algorithm, &[], &checkerboard(10, 10), 12);
        for row in [10, 11] {
            assert_eq!((factors.user_biases[row], factors.movie_biases[row]), (0.0, 0.0), "{algorithm}");
            assert!(factors.user_factors.index_axis(Axis(0), row).iter().all(|&factor| factor == 0.0));
            assert!(factors.movie_factors.index_axis(Axis(0), row).iter().all(|&factor| factor == 0.0));
        }
    }
}

#[test]
fn an_unbiased_svd_has_no_biases() {
    let factors = fit("svd", &[("biased", "false")], &checkerboard(10, 10), 10);
    assert_eq!(factors.mean, 0.0);
    assert!(factors.user_biases.iter().chain(&factors.movie_biases).all(|&bias| bias == 0.0));
}

#[test]
fn every_hyperparameter_changes_the_result() {
    let ratings = checkerboard(12, 12);
    for choice in CHOICES {
        let usual = fit(choice.name, &[], &ratings, 12);
        // `calibrated` changes what follows the factors, and `max_burn_in` only what is watched: see
        // tests/it/calibrating.rs and tests/it/watching.rs.
        let elsewhere = ["calibrated", "max_burn_in"];
        for parameter in choice.hyperparameters.iter().filter(|of| !elsewhere.contains(&of.name)) {
            let other = match parameter.domain {
                Domain::Integer { default, .. } => (default / 4).max(1).to_string(),
                Domain::Real { default, .. } => (default / 2.0).to_string(),
                Domain::Flag { default } => (!default).to_string(),
            };
            let changed = fit(choice.name, &[(parameter.name, &other)], &ratings, 12);
            assert!(changed != usual, "{} {}={other}", choice.name, parameter.name);
        }
    }
}

#[test]
fn no_ratings_give_a_model_without_numbers_that_are_not_finite() {
    for choice in CHOICES {
        let factors = fit(choice.name, &[], &Ratings::default(), 3);
        assert_eq!(factors.view().score(None, None), 0.0, "{}", choice.name);
    }
}

/// The bands are wide enough for the rounding of other machines, and narrow enough to find a broken update.
#[test]
fn errors_on_movielens_are_in_their_bands() {
    let dataset = movielens();
    let folds = by_folds(&random_folds(dataset.ratings.len(), 5, 0));
    for (algorithm, low, high) in [
        ("mean", 1.05, 1.066),
        ("bias", 0.880, 0.892),
        ("svd", 0.890, 0.902),
        ("svdpp", 0.880, 0.895),
        ("als", 0.86, 0.89),
        ("bayes", 0.815, 0.828),
        ("vb", 0.825, 0.840),
    ] {
        let configured = configure(algorithm, []).unwrap();
        let rmse = evaluate(dataset, &configured, &folds, 0, false, &Silent).mean.rmse;
        assert!((low..high).contains(&rmse), "{algorithm}: {rmse}");
    }
}

#[test]
fn cold_movies_are_predicted_by_what_is_known_of_them() {
    let dataset = movielens();
    let cold = [1, 2, 3].map(|seed| cold_movies(&dataset.ratings, dataset.movie_count(), 0.1, seed));
    let [bayes, vb, bias] = ["bayes", "vb", "bias"].map(|algorithm| {
        evaluate(dataset, &configure(algorithm, []).unwrap(), &cold, 0, false, &Silent).mean.rmse
    });
    assert!(bayes < 0.985 * bias && vb < 0.985 * bias, "{bayes} and {vb} against {bias}");
}
