//! The answers of a loaded model.

use matinee_model::{Model, PredictionError, UnknownMovie};

use crate::sample;

fn model() -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write(&path);
    Model::open(&path).unwrap()
}

#[test]
fn a_known_pair_gets_the_documented_sum() {
    let model = model();
    let prediction = model.predict(&"10".into(), &"2959".into()).unwrap();
    assert_eq!(prediction.score, 3.5 + 0.25 + 0.5 + 1.0 * 0.5);
    assert_eq!(prediction.title, "Fight Club (1999)");
    assert!(prediction.known_user && prediction.known_movie);
}

#[test]
fn an_unknown_user_gets_mean_and_movie_bias() {
    let model = model();
    let prediction = model.predict(&"999".into(), &"50".into()).unwrap();
    assert_eq!(prediction.score, 3.5 - 0.25);
    assert!(!prediction.known_user && prediction.known_movie);
}

#[test]
fn a_movie_without_ratings_is_answered() {
    let model = model();
    let prediction = model.predict(&"2".into(), &"9".into()).unwrap();
    assert_eq!(prediction.score, 3.0);
    assert!(prediction.known_user && !prediction.known_movie);
}

#[test]
fn a_movie_outside_the_catalogue_is_an_error() {
    let error = model().predict(&"10".into(), &"404".into()).unwrap_err();
    assert_eq!(error, PredictionError::Movie(UnknownMovie("404".into())));
}

#[test]
fn scores_are_clipped_to_the_scale() {
    let mut factors = sample::factors();
    factors.mean = 5.0;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write_with(&path, &factors, &[4.0, 5.0, 1.5]);
    let model = Model::open(&path).unwrap();
    assert_eq!(model.predict(&"10".into(), &"2959".into()).unwrap().score, 5.0);
}
