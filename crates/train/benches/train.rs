//! Training: reading `data/`, and one epoch of SVD on it, in ratings per second, on one thread and on all.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use matinee_model::RatingScale;
use matinee_train::algorithms::svd::{HYPERPARAMETERS, Svd};
use matinee_train::hyperparameters::Hyperparameters;
use matinee_train::ratings::{CsvFile, Dataset, Inputs, check};

fn inputs() -> Inputs {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
        CsvFile { name: name.to_owned(), bytes: std::fs::read(path).unwrap() }
    };
    Inputs { ratings: vec![read("ratings.csv")], movies: Some(read("movies.csv")), links: None }
}

fn reading(criterion: &mut Criterion) {
    let inputs = inputs();
    let mut group = criterion.benchmark_group("read and check data/");
    group.throughput(Throughput::Elements(100_004));
    group.bench_function("ratings", |bench| bench.iter(|| check(&inputs, RatingScale::MOVIELENS)));
}

fn epochs(criterion: &mut Criterion) {
    let (dataset, _) = check(&inputs(), RatingScale::MOVIELENS);
    let mut group = criterion.benchmark_group("svd epoch");
    group.throughput(Throughput::Elements(dataset.ratings.len() as u64));
    let cores = std::thread::available_parallelism().unwrap().get();
    for threads in [1, cores] {
        for rank in ["16", "64", "100"] {
            let name = format!("rank {rank}, {threads} threads");
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut descent = begin(&dataset, rank);
            group.bench_function(name, |bench| pool.install(|| bench.iter(|| descent.epoch())));
        }
    }
}

fn begin(dataset: &Dataset, rank: &str) -> matinee_train::algorithms::svd::Descent {
    let training = dataset.training(&dataset.ratings, 0);
    Svd::new(&Hyperparameters::resolve(HYPERPARAMETERS, [("n_factors", rank)]).unwrap()).begin(&training)
}

criterion_group!(benches, reading, epochs);
criterion_main!(benches);
