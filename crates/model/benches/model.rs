//! The served model: one score, and a load from a folder.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use matinee_model::artifact::{Description, Metrics, NewArtifact, write_folder};
use matinee_model::{Catalogue, Factors, Ids, Model, MovieId, RatingScale, UserId};
use ndarray::{Array1, Array2};

/// The size of the model of `data/`: 671 users, 9,066 movies, 100,004 ratings, rank 100.
fn write_model(folder: &Path) {
    let (users, movies, rank) = (671, 9_066, 100);
    let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>();
    let (user_ids, movie_ids) = (ids(users), ids(movies));
    let csv: String = movie_ids.iter().fold("movieId,title,genres\n".to_owned(), |csv, id| {
        csv + id + ",\"A Title of Some Length (1999)\",Drama|Crime\n"
    });
    let wave = |index: usize| (index as f32 * 0.37).sin() * 0.1;
    let per_user: Vec<u32> = (0..users as u32).map(|user| user * 100_004 / users as u32).collect();
    let rated_offsets: Vec<u32> = per_user.into_iter().chain([100_004]).collect();
    let rated_movies: Vec<u32> = rated_offsets.windows(2).flat_map(|user| 0..user[1] - user[0]).collect();
    let factors = Factors {
        mean: 3.5,
        user_biases: Array1::from_shape_fn(users, wave),
        movie_biases: Array1::from_shape_fn(movies, wave),
        user_factors: Array2::from_shape_fn((users, rank), |(row, column)| wave(row * rank + column)),
        movie_factors: Array2::from_shape_fn((movies, rank), |(row, column)| wave(row * rank + column)),
    };
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
            created_at: String::new(),
        },
        user_ids: &Ids::new(user_ids.iter().map(String::as_str)),
        movie_ids: &Ids::new(movie_ids.iter().map(String::as_str)),
        factors: &factors,
        rated_offsets: &rated_offsets,
        rated_movies: &rated_movies,
        rated_values: &vec![3.5; 100_004],
        rated_order: None,
        user_prior: None,
        ranking: None,
        catalogue: &Catalogue::parse(csv.as_bytes()).unwrap(),
    };
    write_folder(folder, &artifact).unwrap();
}

fn serving(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    write_model(&path);

    let model = Model::open(&path).unwrap();
    let (user, movie): (UserId, MovieId) = ("2".into(), "2959".into());
    criterion.bench_function("score one pair, ids and title included", |bench| {
        bench.iter(|| model.predict(black_box(&user), black_box(&movie)).unwrap().score);
    });

    let bytes = model.manifest().files.values().map(|file| file.length).sum();
    let mut group = criterion.benchmark_group("load the artifact");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("from a folder", |bench| bench.iter(|| Model::open(&path).unwrap()));
}

criterion_group!(benches, serving);
criterion_main!(benches);
