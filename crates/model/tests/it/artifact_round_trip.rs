//! An artifact reads back as it was written, and replaces another one completely.

use std::fs;

use matinee_model::artifact::{
    ArtifactError, MAX_MOVIES_BYTES, Manifest, NewArtifact, read_catalogue, write_folder,
};
use matinee_model::live_pointer::Figures;
use matinee_model::{Catalogue, Factors, Ids, IntervalTable, Intervals, Model, UserRow};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

use crate::sample;

#[test]
fn reads_back_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let written = sample::write(&path);
    let model = Model::open(&path).unwrap();

    assert_eq!(model.manifest(), &written);
    assert_eq!(model.catalogue(), &sample::catalogue());
    assert_eq!(model.user_ids().iter().collect::<Vec<_>>(), ["10", "2"]);
    assert_eq!(model.movie_ids().iter().collect::<Vec<_>>(), ["2959", "50", "9"]);
    let factors = sample::factors();
    assert_eq!(model.factors().mean, factors.mean);
    assert_eq!(model.factors().user_factors, factors.user_factors);
    assert_eq!(model.factors().movie_factors, factors.movie_factors);
    assert_eq!(model.factors().user_biases, factors.user_biases);
    assert_eq!(model.factors().movie_biases, factors.movie_biases);
    let rated = model.rated_movies(UserRow(0));
    assert_eq!((rated.movies, rated.values), ([0, 1].as_slice(), [4.0, 5.0].as_slice()));
    assert_eq!(model.manifest().counts.rated_movies, 2);
}

#[test]
fn the_coverage_of_intervals_is_measured_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let write = |coverage: Option<f64>| {
        let table = IntervalTable {
            level: 0.8,
            user_bounds: vec![],
            movie_bounds: vec![],
            lower: vec![-1.0],
            upper: vec![1.0],
        };
        let factors = sample::factors();
        let mut artifact = sample::artifact(&factors, &[4.0, 5.0, 1.5]);
        artifact.description.intervals = Some(Intervals::try_from(table).unwrap());
        artifact.description.interval_coverage = coverage;
        write_folder(&folder.path().join("model"), &artifact).unwrap()
    };
    let unknown = write(None);
    // As written by earlier builds: the level of the intervals tells nothing about their coverage.
    assert!(!String::from_utf8(unknown.to_json().unwrap()).unwrap().contains("interval_coverage"));
    assert_eq!(Figures::of(&unknown).interval_coverage, None);
    let measured = write(Some(0.8125));
    let read = Manifest::parse(&measured.to_json().unwrap()).unwrap();
    assert_eq!((read.interval_coverage, Figures::of(&read).interval_coverage), (Some(0.8125), Some(0.8125)));
    assert_eq!(unknown.version, measured.version, "it changes no answer");
}

#[test]
fn equal_content_has_equal_versions() {
    let folder = tempfile::tempdir().unwrap();
    let first = sample::write(&folder.path().join("a"));
    let again = sample::write(&folder.path().join("b"));
    let other = sample::write_with(&folder.path().join("c"), &sample::factors(), &[4.0, 5.0, 2.0]);
    assert_eq!(first.version, again.version);
    assert_ne!(first.version, other.version);
    assert_eq!(
        (first.version.to_string().as_str(), first.version.as_str().len()),
        (first.version.as_str(), 16)
    );
}

#[test]
fn the_catalogue_is_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("movies.csv"), sample::catalogue().to_csv().unwrap()).unwrap();
    assert_eq!(read_catalogue(folder.path()).unwrap(), sample::catalogue());
    fs::File::create(folder.path().join("movies.csv")).unwrap().set_len(MAX_MOVIES_BYTES + 1).unwrap();
    let error = read_catalogue(folder.path()).unwrap_err();
    assert!(matches!(error, ArtifactError::TooLarge { file: "movies.csv", .. }), "{error}");
}

#[test]
fn replaces_a_model_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    sample::write(&path);
    let newer = sample::write_with(&path, &sample::factors(), &[4.0, 5.0, 2.0]);
    assert_eq!(Model::open(&path).unwrap().manifest(), &newer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_model_that_diverged_does_not_replace_one_that_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let written = sample::write(&path);
    let mut factors = sample::factors();
    factors.movie_factors[[1, 1]] = f32::NAN;
    let refused = write_folder(&path, &sample::artifact(&factors, &[4.0, 5.0, 1.5]));
    let refusal = refused.unwrap_err().to_string();
    assert!(refusal.starts_with("svd diverged:"), "{refusal}");
    assert_eq!(Model::open(&path).unwrap().manifest(), &written);
}

#[test]
fn makes_missing_parents_and_fills_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    sample::write(&folder.path().join("a/b/model"));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    sample::write(&empty);
    Model::open(&empty).unwrap();
}

#[test]
fn never_replaces_a_folder_of_other_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "years of work").unwrap();
    let artifact = NewArtifact {
        description: sample::description(),
        user_ids: &Ids::new([]),
        movie_ids: &Ids::new([]),
        factors: &Factors::constant(3.0, 0, 0, 0),
        rated_offsets: &[0],
        rated_movies: &[],
        rated_values: &[],
        movie_spreads: None,
        rated_order: None,
        user_prior: None,
        ranking: None,
        catalogue: &Catalogue::empty(),
    };
    let error = write_folder(folder.path(), &artifact).unwrap_err();
    assert!(matches!(error, ArtifactError::Occupied { .. }), "{error}");
    assert!(folder.path().join("thesis.tex").exists());
}

#[test]
fn a_manifest_reads_back_what_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = sample::write(&folder.path().join("model"));
    assert_eq!(Manifest::parse(&manifest.to_json().unwrap()).unwrap(), manifest);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_model_reads_back(
        users in 0_usize..5,
        movies in 0_usize..6,
        rank in 0_usize..4,
        numbers in prop::collection::vec(-4.0_f32..4.0, 80),
        rated in prop::collection::vec(any::<bool>(), 30),
    ) {
        let mut numbers = numbers.into_iter().cycle();
        let mut next = || numbers.next().unwrap();
        let factors = Factors {
            mean: next(),
            user_biases: Array1::from_shape_simple_fn(users, &mut next),
            movie_biases: Array1::from_shape_simple_fn(movies, &mut next),
            user_factors: Array2::from_shape_simple_fn((users, rank), &mut next),
            movie_factors: Array2::from_shape_simple_fn((movies, rank), &mut next),
        };
        let ids = |count: usize| (0..count).map(|i| format!("id {i}")).collect::<Vec<_>>();
        let (user_ids, movie_ids) = (ids(users), ids(movies));
        let (mut rated_offsets, mut rated_movies) = (vec![0], Vec::new());
        for user in 0..users {
            rated_movies.extend((0..movies as u32).filter(|&movie| rated[user * movies + movie as usize]));
            rated_offsets.push(rated_movies.len() as u32);
        }
        let rated_values = vec![3.5; rated_movies.len()];
        let artifact = NewArtifact {
            description: sample::description(),
            user_ids: &Ids::new(user_ids.iter().map(String::as_str)),
            movie_ids: &Ids::new(movie_ids.iter().map(String::as_str)),
            factors: &factors,
            rated_offsets: &rated_offsets,
            rated_movies: &rated_movies,
            rated_values: &rated_values,
            movie_spreads: None,
            rated_order: None,
            user_prior: None,
            ranking: None,
            catalogue: &Catalogue::empty(),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        let manifest = write_folder(&path, &artifact).unwrap();
        let model = Model::open(&path).unwrap();
        prop_assert_eq!(model.manifest(), &manifest);
        prop_assert_eq!(model.factors().user_factors, factors.user_factors);
        prop_assert_eq!(model.factors().movie_factors, factors.movie_factors);
        prop_assert_eq!(model.user_ids().len(), users);
        let rated: Vec<u32> = (0..users).flat_map(|user| model.rated_movies(UserRow(user as u32)).movies.to_vec()).collect();
        prop_assert_eq!(rated, rated_movies);
    }
}
