//! A calibration in an artifact: it reads back, all who are asked for a rating apply it, and every lie about it is found.

use matinee_model::artifact::ArtifactError;
use matinee_model::calibration::{Moments, Scored, Signals, Support};
use matinee_model::{Filter, Model, MovieRow, Rated, Rater, RatingScale, UserId, UserRow};
use serde_json::json;

use crate::lying_artifact::Forgery;
use crate::lying_ranking::{ease, ials};
use crate::sample;

const SCALE: RatingScale = RatingScale::MOVIELENS;

fn model() -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write_calibrated(&path, &ease());
    Model::open(&path).unwrap()
}

/// What the calibration makes of a score for somebody with these ratings.
fn expected(model: &Model, score: f32, rated: &[Rated], movie: MovieRow) -> f32 {
    let user = Moments::of(rated.iter().map(|rated| rated.rating)).support(1.0);
    let movie_support = Support { count: model.rating_count(movie), spread: sample::SPREADS[movie.index()] };
    let rank_score = Signals::of(rated, SCALE).rank_score(&model.ranking().unwrap(), movie);
    sample::calibration().predict(&Scored { score, user, movie: movie_support, rank_score }, SCALE)
}

#[test]
fn what_is_written_is_read() {
    assert_eq!(model().manifest().calibration, Some(sample::calibration()));
}

#[test]
fn users_and_visitors_are_calibrated_alike() {
    let model = model();
    let visitor = [(0, 4.0), (1, 5.0)].map(|(movie, rating)| Rated { movie: MovieRow(movie), rating });
    let rater = Rater::new(&model, visitor.to_vec());
    let folded_in = model.visitor(visitor.to_vec());
    for (row, id) in ["2959", "50", "9"].into_iter().enumerate() {
        let movie = MovieRow(row as u32);
        let score = model.factors().score(Some(UserRow(0)), Some(movie));
        let found = model.predict(&"10".into(), &id.into()).unwrap().score;
        assert_eq!(found, expected(&model, score, &visitor, movie), "{id}");
        assert_ne!(found, SCALE.clip(score), "{id}");
        assert_eq!(model.user(model.trained_user(UserRow(0))).estimate(movie).score, found);

        let score = model.factors().score_vector(folded_in.vector(), movie);
        let found = rater.predict(&id.into()).unwrap().score;
        assert_eq!(found, expected(&model, score, &visitor, movie), "{id}");
        assert_eq!(folded_in.estimate(movie).score, found);
    }
    for found in folded_in.recommend(&Filter::default(), 9, None) {
        assert_eq!(found.estimate, folded_in.estimate(found.ranked.movie));
    }
}

#[test]
fn whoever_has_no_ratings_gets_mean_and_movie_bias() {
    let model = model();
    assert_eq!(model.predict(&UserId::from("999"), &"50".into()).unwrap().score, 3.25);
    let nobody = Rater::new(&model, Vec::new());
    let score = model.factors().score_vector(model.visitor(Vec::new()).vector(), MovieRow(1));
    assert_eq!(nobody.predict(&"50".into()).unwrap().score, score);
}

/// The sample's first movie has weights towards the two others, the second one towards the first, and the third none.
#[test]
fn a_rank_score_is_by_the_weights_of_the_movie() {
    let model = model();
    let rated =
        [(2, 5.0), (0, 5.0), (1, 3.5)].map(|(movie, rating)| Rated { movie: MovieRow(movie), rating });
    let score = |rated: &[Rated], movie| {
        Signals::of(rated, SCALE).rank_score(&model.ranking().unwrap(), MovieRow(movie))
    };
    assert_eq!(score(&rated, 0), 0.5 * 0.5 + 0.25);
    assert_eq!(score(&rated, 1), 0.125);
    assert_eq!(score(&rated, 2), 0.25, "by the weight of the rated movie");
    assert_eq!(score(&rated[..1], 1), 0.0);
}

#[test]
fn a_factor_model_has_no_rank_score() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write_calibrated(&path, &ials());
    let model = Model::open(&path).unwrap();
    let rated = [Rated { movie: MovieRow(0), rating: 5.0 }];
    assert_eq!(Signals::of(&rated, SCALE).rank_score(&model.ranking().unwrap(), MovieRow(1)), 0.0);
}

#[test]
fn spreads_without_a_calibration_and_a_calibration_without_spreads() {
    let forgery = Forgery::calibrated();
    forgery.edit_calibration(|manifest| drop(manifest.as_object_mut().unwrap().remove("calibration")));
    forgery.says("tensors that this format version does not have");
    let forgery = Forgery::ranked(&ease());
    forgery.edit_calibration(|manifest| {
        manifest["calibration"] = serde_json::to_value(sample::calibration()).unwrap();
    });
    forgery.says("`movie_spreads`: is missing");
}

#[test]
fn numbers_that_make_no_calibration() {
    let forgery = Forgery::calibrated();
    forgery.overwrite("movie_spreads", &f32::NAN.to_le_bytes());
    forgery.says("`movie_spreads`: holds a number that is not finite");
    for (field, lie) in [
        ("bilinear", json!([0.5])),
        ("bilinear", json!(vec![1e300; 18])),
        ("link", json!([0.5])),
        ("rank_score", json!([1.0, 2.0])),
        ("frame", json!({"centre": 3.5})),
        ("other", json!(1)),
    ] {
        let forgery = Forgery::calibrated();
        forgery.edit_calibration(|manifest| manifest["calibration"][field] = lie);
        assert!(matches!(forgery.open(), ArtifactError::Manifest(_)), "{field}");
    }
}
