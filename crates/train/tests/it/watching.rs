//! The burn-in of `bayes` follows the hold-outs, and its other defaults the number of ratings.

use std::fmt::Write;

use matinee_model::RatingScale;
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Inputs, check};
use matinee_train::training::{Plan, Trained, served, train};

use crate::sample_data::{checkerboard, csv, movielens};

/// Ratings that only interactions explain.
fn interacting() -> Dataset {
    let mut text = "userId,movieId,rating\n".to_owned();
    for rating in &checkerboard(40, 40) {
        writeln!(text, "{},{},{}", rating.user.0, rating.movie.0, rating.value).unwrap();
    }
    let inputs = Inputs { ratings: vec![csv("ratings.csv", &text)], movies: None, links: None };
    let (mut dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    dataset.title_movies_by_id();
    dataset
}

fn trained(dataset: &Dataset, given: &[(&str, &str)]) -> (Plan, Trained) {
    let small = [("n_factors", "4"), ("n_samples", "8"), ("rank", "4"), ("calibrated", "false")];
    let algorithm = configure("bayes", small.iter().chain(given).copied()).unwrap();
    let plan = Plan::new(algorithm, 2, 0.1);
    let trained = train(dataset, &plan, &Silent);
    (plan, trained)
}

fn burn_in(dataset: &Dataset, (plan, trained): &(Plan, Trained)) -> u64 {
    let model = served(dataset, plan, trained).unwrap();
    model.manifest().hyperparameters["n_burn_in"].as_u64().unwrap()
}

#[test]
fn the_burn_in_becomes_longer_where_the_hold_out_shows_that_it_pays() {
    let dataset = interacting();
    let watched = trained(&dataset, &[("n_burn_in", "4")]);
    let fixed = trained(&dataset, &[("n_burn_in", "4"), ("max_burn_in", "4")]);
    let length = burn_in(&dataset, &watched);
    assert!(length > 8, "{length}");
    assert_eq!(burn_in(&dataset, &fixed), 4);
    let rmse = |(_, trained): &(Plan, Trained)| trained.measured.as_ref().unwrap().hold_out.rmse;
    assert!(rmse(&watched) < rmse(&fixed), "{} {}", rmse(&watched), rmse(&fixed));

    let given = trained(&dataset, &[("n_burn_in", &length.to_string()), ("max_burn_in", "0")]);
    assert_eq!(given.1.fitted.factors, watched.1.fitted.factors, "the last training is as if it were given");
    assert_eq!(rmse(&given), rmse(&watched), "and so is the measured one");
}

#[test]
fn the_burn_in_stays_short_where_long_chains_predict_worse() {
    let few = movielens().with_only(|index| movielens().ratings.get(index).user.0.is_multiple_of(3));
    assert_eq!(burn_in(&few, &trained(&few, &[("n_burn_in", "12")])), 12);
}

#[test]
fn a_burn_in_is_at_most_as_long_as_allowed() {
    let dataset = interacting();
    let limited = trained(&dataset, &[("n_burn_in", "4"), ("max_burn_in", "9")]);
    assert_eq!(burn_in(&dataset, &limited), 8);
}
