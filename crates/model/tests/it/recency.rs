//! The order of ratings in an artifact, and signals that fade.

use matinee_model::artifact::write_folder;
use matinee_model::ranking::{RankingHead, Recency};
use matinee_model::{Filter, Model, MovieRow, Rated, UserRow};

use crate::lying_artifact::Forgery;
use crate::lying_ranking::ease;
use crate::sample;

/// Writes the sample with `ease`, and with fading signals and the order of the ratings if they are given.
pub fn write(path: &std::path::Path, recency: Option<f32>, order: Option<&[u32]>) {
    let factors = sample::factors();
    let (method, weights) = ease();
    let mut artifact = sample::artifact(&factors, &[4.0, 5.0, 5.0]);
    let recency = recency.map(|share| Recency::new(share).unwrap());
    artifact.description.ranking_head = Some(RankingHead { recency, ..RankingHead::unmeasured(method) });
    (artifact.ranking, artifact.rated_order) = (Some(&weights), order);
    write_folder(path, &artifact).unwrap();
}

fn open(recency: Option<f32>, order: Option<&[u32]>) -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    write(&path, recency, order);
    Model::open(&path).unwrap()
}

fn forged(recency: Option<f32>, order: Option<&[u32]>) -> Forgery {
    let forgery = Forgery::new();
    std::fs::remove_dir_all(forgery.path("")).unwrap();
    write(&forgery.path(""), recency, order);
    forgery
}

/// The score of movie 2. Only movie 0 has a weight to it, 0.25. User 0 gave movie 0 four stars, a signal of 2/3.
fn score(model: &Model) -> f32 {
    let found = model.user(model.trained_user(UserRow(0))).recommend(&Filter::default(), 9, None);
    found.iter().find(|found| found.ranked.movie == MovieRow(2)).unwrap().ranked.score
}

#[test]
fn signals_of_a_user_fade_in_the_order_of_the_ratings() {
    let (signal, faded) = (2.0 / 3.0 * 0.25, (-1.0_f32 / 2.0).exp());
    for (recency, order, expected) in [
        (None, None, signal),
        (None, Some([0, 1, 0]), signal),
        (Some(1.0), Some([1, 0, 0]), signal),
        (Some(1.0), Some([0, 1, 0]), signal * faded),
        (Some(0.5), Some([0, 1, 0]), signal * faded * faded),
    ] {
        let found = score(&open(recency, order.as_ref().map(<[u32; 3]>::as_slice)));
        assert!((found - expected).abs() < 1e-6, "{recency:?} {order:?}: {found}, not {expected}");
    }
}

#[test]
fn signals_of_a_visitor_fade_in_the_order_of_the_request() {
    let model = open(Some(1.0), Some(&[0, 1, 0]));
    let rated = |movie, rating| Rated { movie: MovieRow(movie), rating };
    let score = |rated: Vec<Rated>| {
        let found = model.visitor(rated).recommend(&Filter::default(), 9, None);
        let found = found.iter().find(|found| found.ranked.movie == MovieRow(2)).unwrap();
        let sum: f32 = found.contributions.iter().map(|part| part.1).sum();
        assert!((sum - found.ranked.score).abs() < 1e-6);
        found.ranked.score
    };
    let last = score(vec![rated(1, 3.0), rated(0, 5.0)]);
    let first = score(vec![rated(0, 5.0), rated(1, 3.0)]);
    let again = score(vec![rated(0, 1.0), rated(1, 3.0), rated(0, 5.0)]);
    assert_eq!((last, again), (0.25, 0.25), "the last of two ratings of a movie counts");
    assert!((first - 0.25 * (-0.5_f32).exp()).abs() < 1e-6, "{first}");
}

#[test]
fn an_order_that_is_missing_or_invalid() {
    let forgery = forged(None, None);
    forgery.edit_manifest(|manifest| manifest["ranking_head"]["recency"] = 1.0.into());
    forgery.says("`rated_order`: is missing");
    for (places, problem) in
        [([0_u16, 0], "not 0 to n - 1"), ([1, 2], "not 0 to n - 1"), ([1, 1], "not 0 to n - 1")]
    {
        let forgery = forged(Some(1.0), Some(&[0, 1, 0]));
        forgery.overwrite("rated_order", &places.map(u16::to_le_bytes).concat());
        forgery.says(problem);
    }
}

#[test]
fn a_share_that_is_not_above_0() {
    for share in [0.0, -1.0] {
        let forgery = forged(Some(1.0), Some(&[0, 1, 0]));
        forgery.edit_manifest(|manifest| manifest["ranking_head"]["recency"] = share.into());
        forgery.says("it must be above 0");
    }
}
