//! What is learned does not depend on the scale of the ratings.

use matinee_model::RatingScale;
use matinee_train::algorithms::{CHOICES, configure};
use matinee_train::evaluation::measure;
use matinee_train::prior::user_prior;
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Rating};
use matinee_train::split::divide;

use crate::sample_data::movielens;

/// The first users of `data/`, with ratings times `times` plus `shift`.
fn on_scale(times: f32, shift: f32) -> Dataset {
    let mut dataset = movielens().clone();
    dataset.timestamps = None;
    let to = |value: f32| value * times + shift;
    let on_scale = |rating: Rating| Rating { value: to(rating.value), ..rating };
    dataset.ratings = dataset.ratings.iter().take(12_000).map(on_scale).collect();
    dataset.scale = RatingScale::new(to(0.5), to(5.0)).unwrap();
    dataset
}

/// The root mean squared error on a hold-out, and that of users who are folded in from what was learned from.
fn errors(dataset: &Dataset, algorithm: &str) -> [f64; 2] {
    let given: &[(&str, &str)] = match algorithm {
        "bayes" => &[("n_chains", "8"), ("n_burn_in", "3"), ("n_samples", "4"), ("n_factors", "6")],
        "svd" => &[("n_factors", "10"), ("lr_all", "0.02")],
        _ => &[],
    };
    let marks = dataset.hold_out(&dataset.ratings, 0.2, 0);
    let (train, test) = divide(&dataset.ratings, |index| marks[index]);
    let configured = configure(algorithm, given.iter().copied()).unwrap();
    let factors = configured.fit(&dataset.training(&train, 3), &Silent).factors;
    let prior = user_prior(factors.view(), &train, dataset.scale);
    let first = test.get(0).user;
    let of_first = |rating: &Rating| rating.user == first;
    let rated: Vec<_> = train
        .iter()
        .filter(of_first)
        .map(|rating| matinee_model::Rated { movie: rating.movie, rating: rating.value })
        .collect();
    let visitor = prior.view().fold_in(&factors.view(), &rated);
    let squares = |rating: Rating| {
        f64::from(rating.value - factors.view().score_vector(&visitor, rating.movie)).powi(2)
    };
    let of_visitor: Vec<f64> = test.iter().filter(of_first).map(squares).collect();
    let folded_in = (of_visitor.iter().sum::<f64>() / of_visitor.len() as f64).sqrt();
    [measure(factors.view(), &test, dataset.scale).rmse, folded_in]
}

#[test]
fn errors_are_in_proportion_to_the_scale() {
    for choice in CHOICES {
        let expected = errors(&on_scale(1.0, 0.0), choice.name);
        for (times, shift) in [(4.0, 0.0), (20.0, 0.0), (1000.0, 0.0), (0.02, 0.0), (1.0, 10.0), (2.0, -6.0)]
        {
            let found = errors(&on_scale(times, shift), choice.name);
            for (found, expected) in found.into_iter().zip(expected) {
                let ratio = found / f64::from(times) / expected;
                assert!((ratio - 1.0).abs() < 1e-3, "{} x {times} + {shift}: {ratio}", choice.name);
            }
        }
    }
}
