//! A new model and the live one are compared on ratings that neither has learned.

use std::fmt::Write;

use matinee_model::Model;
use matinee_model::artifact::{AgainstLive, PairedErrors};
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Inputs, check};
use matinee_train::training::{Plan, served, train};

use crate::sample_data::csv;

const MOVIES: u32 = 30;

/// Who rates which movie how.
type Rated = (u32, u32, u32);

/// The ratings of these users: of odd movies `odd` and of even ones `even`, one more or less by the user.
fn rated(users: std::ops::Range<u32>, odd: u32, even: u32) -> Vec<Rated> {
    let rating = |user: u32, movie: u32| {
        let usual = if movie.is_multiple_of(2) { even } else { odd };
        usual + user % 2
    };
    users.flat_map(|user| (0..MOVIES).map(move |movie| (user, movie, rating(user, movie)))).collect()
}

fn dataset(rated: &[Rated]) -> Dataset {
    let mut ratings = "userId,movieId,rating\n".to_owned();
    let mut movies = "movieId,title,genres\n".to_owned();
    for (user, movie, rating) in rated {
        writeln!(ratings, "{user},{movie},{rating}").unwrap();
    }
    for movie in 0..MOVIES {
        writeln!(movies, "{movie},Title {movie},Drama").unwrap();
    }
    let inputs = Inputs {
        ratings: vec![csv("ratings.csv", &ratings)],
        movies: Some(csv("movies.csv", &movies)),
        links: None,
    };
    check(&inputs, matinee_model::RatingScale::MOVIELENS).0
}

fn plan() -> Plan {
    Plan::new(configure("bias", []).unwrap(), 1, 0.1)
}

/// The model that was trained on these ratings.
fn model(rated: &[Rated]) -> Model {
    let (dataset, plan) = (dataset(rated), plan());
    served(&dataset, &plan, &train(&dataset, &plan, &Silent)).unwrap()
}

/// The comparison of the live model with one that learns from `rated`.
fn compared(live: &Model, rated: &[Rated]) -> AgainstLive {
    let (dataset, mut plan) = (dataset(rated), plan());
    plan.compare_with(live, &dataset);
    train(&dataset, &plan, &Silent).against_live.unwrap()
}

#[test]
fn if_tastes_change_the_new_model_predicts_what_came_in_better() {
    let old = rated(0..20, 1, 4);
    let live = model(&old);
    let with = |new: Vec<Rated>| {
        let compared = compared(&live, &[old.clone(), new].concat());
        assert_eq!((&compared.live_version, compared.came_in), (&live.manifest().version, 60 * 30));
        compared.errors.unwrap()
    };
    let PairedErrors { test_count, rmse, live_rmse, standard_error } = with(rated(20..80, 4, 1));
    assert!((850..950).contains(&test_count), "one hold-out of half: {test_count}");
    assert!(live_rmse > rmse + 0.5 + 2.0 * standard_error, "{live_rmse} {rmse} {standard_error}");
    let same = with(rated(20..80, 1, 4));
    // It has learned less, so it is a little worse.
    assert!((same.live_rmse - same.rmse).abs() < 0.2, "{same:?}");
}

#[test]
fn the_live_model_folds_in_what_else_came_in_of_a_user() {
    let old: Vec<Rated> = rated(0..40, 2, 3);
    let live = model(&old);
    // Users with one rating above those of the others, whom the live model has never seen.
    let new: Vec<Rated> =
        rated(40..80, 2, 3).into_iter().map(|(user, movie, rating)| (user, movie, rating + 1)).collect();
    let errors = compared(&live, &[old, new].concat()).errors.unwrap();
    assert!(errors.live_rmse < 0.5, "a stranger's predictions are off by one: {errors:?}");
}

#[test]
fn what_the_live_model_has_learned_did_not_come_in() {
    let old = rated(0..20, 1, 4);
    let live = model(&old);
    let mut changed = old.clone();
    for (_, _, rating) in &mut changed {
        *rating = 5 - *rating;
    }
    changed.truncate(500);
    assert_eq!(compared(&live, &changed).came_in, 0);
    let compared = compared(&live, &[old, rated(20..25, 1, 4)].concat());
    assert_eq!((compared.came_in, compared.errors), (150, None));
}

#[test]
fn movies_that_the_live_model_cannot_be_asked_about_are_left_out() {
    let old: Vec<Rated> = rated(0..20, 1, 4);
    let mut unlisted = dataset(&old);
    unlisted.catalogue = matinee_model::Catalogue::from_records(Vec::new());
    unlisted.listed.fill(false);
    let plan = plan();
    let live = served(&unlisted, &plan, &train(&unlisted, &plan, &Silent)).unwrap();
    assert_eq!(compared(&live, &[old, rated(20..80, 1, 4)].concat()).came_in, 0);
}
