//! A calibration is fitted on a hold-out, predicts better, and is not measured on what it was fitted on.

use matinee_model::Model;
use matinee_train::algorithms::{Configured, configure};
use matinee_train::calibration::{Explained, HeldOut, KnownRatings};
use matinee_train::evaluation::{TestRating, evaluate};
use matinee_train::progress::Silent;
use matinee_train::split::{TestSet, divide};
use matinee_train::training::{Plan, train, write};

use crate::sample_data::{movielens, movielens_files};

fn bayes(calibrated: &str) -> Configured {
    let given = [
        ("n_factors", "4"),
        ("n_burn_in", "3"),
        ("n_samples", "4"),
        ("n_chains", "8"),
        ("rank", "8"),
        ("calibrated", calibrated),
    ];
    configure("bayes", given).unwrap()
}

#[test]
fn calibrated_predictions_are_better() {
    let dataset = movielens();
    let tests = [TestSet { fold: 0, is_test: dataset.hold_out(&dataset.ratings, 0.2, 9) }];
    let rmse = |calibrated| evaluate(dataset, &bayes(calibrated), &tests, 0, false, &Silent).mean.rmse;
    let (with, without) = (rmse("true"), rmse("false"));
    assert!(with < without - 0.003, "{with} {without}");
}

#[test]
fn the_artifact_predicts_as_it_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let dataset = movielens();
    let plan = Plan::new(bayes("true"), 0, 0.1);
    let trained = train(dataset, &plan, &Silent);
    write(&path, dataset, &plan, &trained, &movielens_files().digests()).unwrap();
    let model = Model::open(&path).unwrap();
    let calibration = model.manifest().calibration.clone().unwrap();
    assert_eq!(Some(&calibration), trained.measured.as_ref().unwrap().calibration.as_ref());
    assert!(calibration.table().rank_score.is_some(), "{calibration:?}");

    let known = KnownRatings::of(dataset, &dataset.ratings);
    let asked: Vec<TestRating> = dataset.ratings.iter().step_by(1999).map(TestRating::from).collect();
    let (factors, weights) = (&trained.fitted.factors, &trained.ranking.weights);
    let scored = known.scored(factors, Some(weights), &asked, calibration.table().frame.usual_spread);
    for (asked, scored) in asked.iter().zip(&scored) {
        let user = dataset.user_ids.table().id(asked.user.unwrap().index());
        let movie = dataset.movie_ids.table().id(asked.movie.unwrap().index());
        let found = model.predict(&user.into(), &movie.into()).unwrap().score;
        let expected = calibration.predict(scored, dataset.scale);
        assert!((found - expected).abs() < 1e-5, "{user} {movie}: {found} {expected}");
    }
}

/// Ratings that were turned upside down are explained by a fit that has seen them, and not by one that has not.
#[test]
fn a_users_ratings_are_not_predicted_by_what_was_fitted_on_them() {
    let dataset = movielens();
    let marks = dataset.hold_out(&dataset.ratings, 0.02, 4);
    let (learned, held_out) = divide(&dataset.ratings, |index| marks[index]);
    let fitted = configure("bias", []).unwrap().fit(&dataset.training(&learned, 0), &Silent);
    let explained = |asked: &[TestRating]| {
        let held_out = HeldOut { train: &learned, asked, factors: &fitted.factors, ranking: None };
        Explained::new(dataset, &[held_out]).unwrap()
    };
    let mut asked: Vec<TestRating> = held_out.iter().map(TestRating::from).collect();
    let of_part = |asked: &TestRating| asked.user.unwrap().index() % 5 == 2;
    let before = explained(&asked).cross_fit().unwrap();
    for asked in asked.iter_mut().filter(|asked| of_part(asked)) {
        asked.rating = 5.5 - asked.rating;
    }
    let after = explained(&asked).cross_fit().unwrap();
    let changed = |asked: &TestRating| f64::from(u8::from(of_part(asked)));
    let moved: Vec<(f64, f64)> = asked
        .iter()
        .zip(before.iter().zip(&after))
        .map(|(asked, (before, after))| (changed(asked), f64::from((before - after).abs())))
        .collect();
    let mean = |part: f64| {
        let of_part: Vec<f64> = moved.iter().filter(|of| of.0 == part).map(|of| of.1).collect();
        of_part.iter().sum::<f64>() / of_part.len() as f64
    };
    assert!(mean(1.0) < 0.02 && mean(0.0) > 0.05, "{} {}", mean(1.0), mean(0.0));
}

#[test]
fn hardly_any_ratings_calibrate_nothing() {
    let dataset = movielens();
    let fitted = configure("bias", []).unwrap().fit(&dataset.training(&dataset.ratings, 0), &Silent);
    let asked: Vec<TestRating> = dataset.ratings.iter().take(499).map(TestRating::from).collect();
    let held_out =
        HeldOut { train: &dataset.ratings, asked: &asked, factors: &fitted.factors, ranking: None };
    assert!(Explained::new(dataset, &[held_out]).is_none());
}
