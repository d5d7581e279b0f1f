//! The ranking head and the user prior in an artifact: they read back as written, and every lie about them is found.

use half::f16;
use matinee_model::artifact::{ArtifactError, write_folder};
use matinee_model::ranking::{Columns, RankingHead, RankingMethod, RankingView, RankingWeights, Taste};
use matinee_model::{Factors, Filter, Ids, Model, MovieRow, Rated, RatingScale};
use ndarray::{Array2, array};
use serde_json::json;

use crate::lying_artifact::Forgery;
use crate::sample;

pub type Head = (RankingMethod, RankingWeights);

pub fn ease() -> Head {
    let weights = RankingWeights::Ease {
        offsets: vec![0, 2, 3, 3],
        movies: vec![1, 2, 0],
        weights: [0.5, 0.25, 0.125].map(f16::from_f32).into(),
    };
    (RankingMethod::Ease { regularisation: 60.0, weights_per_movie: 1 }, weights)
}

pub fn ials() -> Head {
    let factors: Array2<f32> = array![[0.5, 0.0], [0.25, -0.5], [0.0, 0.0]];
    let gram = factors.t().dot(&factors);
    let method = RankingMethod::Ials { rank: 2, unobserved_weight: 0.1, regularisation: 0.01, epochs: 8 };
    (method, RankingWeights::Ials { factors, gram })
}

fn open(head: &Head) -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write_ranked(&path, head);
    Model::open(&path).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let model = open(&ease());
    let Some(RankingView::Ease { offsets, movies, weights }) = model.ranking() else { panic!("weights") };
    assert!(matches!(movies, Columns::Narrow(_)));
    assert_eq!((offsets, movies.iter().collect::<Vec<_>>()), ([0, 2, 3, 3].as_slice(), vec![1, 2, 0]));
    assert_eq!(weights, [0.5, 0.25, 0.125].map(f16::from_f32));
    assert_eq!(model.user_prior().unwrap().mean, [0.1, 0.2, 0.3]);
    assert_eq!(model.manifest().ranking_head.as_ref().unwrap().method, ease().0);

    let model = open(&ials());
    let Some(RankingView::Ials { factors, .. }) = model.ranking() else { panic!("factors") };
    let (_, RankingWeights::Ials { factors: written, .. }) = ials() else { unreachable!() };
    assert_eq!(factors, written);
}

/// From 65,537 movies on, rows need more than two bytes.
#[test]
fn many_movies_have_wide_columns() {
    for (movies, is_wide) in [(1 << 16, false), ((1 << 16) + 1, true)] {
        let ids: Vec<String> = (0..movies).map(|row| format!("{row:06}")).collect();
        let last = movies - 1;
        let weights = RankingWeights::Ease {
            offsets: (0..=movies).map(|row| u32::from(row > 0)).collect(),
            movies: vec![last],
            weights: vec![f16::from_f32(0.5)],
        };
        let factors = Factors::constant(3.5, 2, movies as usize, 2);
        let movie_ids = Ids::new(ids.iter().map(String::as_str));
        let mut artifact = sample::artifact(&factors, &[4.0, 5.0, 1.5]);
        (artifact.movie_ids, artifact.ranking) = (&movie_ids, Some(&weights));
        artifact.description.ranking_head = Some(RankingHead { method: ease().0, candidates: [].into() });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        write_folder(&path, &artifact).unwrap();
        let model = Model::open(&path).unwrap();
        let Some(RankingView::Ease { movies, .. }) = model.ranking() else { panic!("weights") };
        assert_eq!(matches!(movies, Columns::Wide(_)), is_wide);
        assert_eq!(movies.iter().collect::<Vec<_>>(), [last]);
        let rated = [Rated { movie: MovieRow(0), rating: 5.0 }];
        let head = model.ranking().map(|view| (ease().0, view));
        let taste = Taste::new(head, &rated, RatingScale::MOVIELENS);
        assert_eq!(taste.score(MovieRow(last), model.rating_counts()), 0.5);
    }
}

#[test]
fn a_model_without_a_head_recommends_what_is_popular() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write(&path);
    let model = Model::open(&path).unwrap();
    let visitor = model.visitor(vec![Rated { movie: MovieRow(0), rating: 5.0 }]);
    assert!(visitor.is_ranked_by_popularity());
    let movies: Vec<&str> =
        visitor.recommend(&Filter::default(), 9, None).iter().map(|found| found.movie.id).collect();
    assert_eq!(movies, ["50", "9"]);
    assert_eq!(model.similar(MovieRow(0), &Filter::default(), 5), []);
}

#[test]
fn recommendations_and_similar_movies_follow_the_weights() {
    let model = open(&ease());
    let visitor = model.visitor(vec![Rated { movie: MovieRow(0), rating: 5.0 }]);
    let found = visitor.recommend(&Filter::default(), 9, None);
    let scores: Vec<(&str, f32)> = found.iter().map(|found| (found.movie.id, found.ranked.score)).collect();
    assert_eq!(scores, [("50", 0.5), ("9", 0.25)]);
    let alike: Vec<(&str, f32)> = model
        .similar(MovieRow(0), &Filter::default(), 9)
        .iter()
        .map(|(ranked, movie)| (movie.id, ranked.score))
        .collect();
    assert_eq!(alike, [("50", 0.25)], "the geometric mean of 0.5 and 0.125");
}

#[test]
fn a_head_without_weights_and_weights_without_a_head() {
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| {
        manifest["ranking_head"] = json!({"method": "ease", "regularisation": 60.0, "weights_per_movie": 64});
    });
    forgery.says("`ranking_movies`: is missing");
    for head in [ease(), ials()] {
        let forgery = Forgery::ranked(&head);
        forgery.edit_manifest(|manifest| drop(manifest.as_object_mut().unwrap().remove("ranking_head")));
        forgery.says("tensors that this format version does not have");
    }
}

#[test]
fn an_unknown_method() {
    let forgery = Forgery::ranked(&ease());
    forgery.edit_manifest(|manifest| manifest["ranking_head"]["method"] = "guess".into());
    assert!(matches!(forgery.open(), ArtifactError::Manifest(_)));
}

#[test]
fn another_rank() {
    let forgery = Forgery::ranked(&ials());
    forgery.edit_manifest(|manifest| manifest["ranking_head"]["rank"] = 3.into());
    forgery.says("`ranking_factors`: is F32 [3, 2], expected F32 [3, 3]");
}

#[test]
fn numbers_that_are_not_finite() {
    for (head, tensor) in [
        (ease(), "ranking_weights"),
        (ials(), "ranking_factors"),
        (ials(), "ranking_gram"),
        (ials(), "user_prior_mean"),
        (ease(), "user_prior_precision"),
    ] {
        let forgery = Forgery::ranked(&head);
        let (whole, half) = (f32::NAN.to_le_bytes(), f16::NAN.to_le_bytes());
        forgery.overwrite(tensor, if tensor == "ranking_weights" { &half } else { &whole });
        forgery.says(&format!("`{tensor}`: holds a number that is not finite"));
    }
}

#[test]
fn rows_that_are_no_rows() {
    for (tensor, number, problem) in [
        ("ranking_offsets", 1_u32, "offsets do not run from 0"),
        ("ranking_movies", 2 << 16 | 2, "not distinct ascending rows"),
        ("ranking_movies", 3 << 16 | 1, "not distinct ascending rows"),
    ] {
        let forgery = Forgery::ranked(&ease());
        forgery.overwrite(tensor, &number.to_le_bytes());
        forgery.says(problem);
    }
}
