//! A model of the size of MovieLens 32M: 300,000 rows of 64 numbers.

use std::path::Path;

use matinee_model::artifact::{Description, Metrics, NewArtifact, write_folder};
use matinee_model::{Catalogue, Factors, Ids, RatingScale};
use ndarray::{Array1, Array2};

const USERS: usize = 212_000;
const MOVIES: usize = 88_000;
const RANK: usize = 64;
const RATINGS_A_USER: usize = 5;

/// Writes it to a folder.
pub fn write(folder: &Path) {
    let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>();
    let (user_ids, movie_ids) = (ids(USERS), ids(MOVIES));
    let csv = movie_ids.iter().fold("movieId,title,genres\n".to_owned(), |csv, id| {
        csv + id + ",A Title of Some Length (1999),Drama|Crime\n"
    });
    let wave = |index: usize| (index as f32 * 0.37).sin() * 0.1;
    let factors = Factors {
        mean: 3.5,
        user_biases: Array1::from_shape_fn(USERS, wave),
        movie_biases: Array1::from_shape_fn(MOVIES, wave),
        user_factors: Array2::from_shape_fn((USERS, RANK), |(row, column)| wave(row * RANK + column)),
        movie_factors: Array2::from_shape_fn((MOVIES, RANK), |(row, column)| wave(row * RANK + column)),
    };
    let rated_offsets: Vec<u32> = (0..=USERS).map(|user| (user * RATINGS_A_USER) as u32).collect();
    let rated_movies: Vec<u32> = (0..USERS)
        .flat_map(|user| (0..RATINGS_A_USER).map(move |index| ((user % 10_000) + index * 10_000) as u32))
        .collect();
    let artifact = NewArtifact {
        description: Description {
            algorithm: "svd".to_owned(),
            hyperparameters: [].into(),
            seed: 0,
            rating_scale: RatingScale::MOVIELENS,
            metrics: Metrics::default(),
            intervals: None,
            ranking_head: None,
            training_job: None,
            data: [].into(),
            generator: "bench".to_owned(),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
        },
        factors: &factors,
        user_ids: &Ids::new(user_ids.iter().map(String::as_str)),
        movie_ids: &Ids::new(movie_ids.iter().map(String::as_str)),
        rated_offsets: &rated_offsets,
        rated_movies: &rated_movies,
        rated_values: &vec![4.0; USERS * RATINGS_A_USER],
        rated_order: None,
        user_prior: None,
        ranking: None,
        catalogue: &Catalogue::parse(csv.as_bytes()).unwrap(),
    };
    write_folder(folder, &artifact).unwrap();
}
