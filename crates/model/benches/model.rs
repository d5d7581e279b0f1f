//! The served model: a prediction, a load from a folder, and the two ways to read a catalogue of 87,000 movies.
//!
//! A cold start reads the catalogue. `docs/benchmarks.md` has the figures.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use matinee_generated_model::{ModelSize, generated_catalogue};
use matinee_model::{Catalogue, Model, MovieId, MovieReader, UserId};

fn serving(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    ModelSize::DATA.write(&path, None);

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

/// What reading a sorted catalogue without a copy of each record gains over reading it record by record.
fn catalogue(criterion: &mut Criterion) {
    let csv = generated_catalogue(87_000).to_csv().unwrap();
    let mut group = criterion.benchmark_group("read a catalogue of 87,000 movies");
    group.throughput(Throughput::Bytes(csv.len() as u64));
    group.bench_function("sorted, as in an artifact", |bench| bench.iter(|| Catalogue::parse(&csv).unwrap()));
    group.bench_function("record by record", |bench| {
        let records = || MovieReader::new(&csv).unwrap().map(Result::unwrap);
        bench.iter(|| Catalogue::from_records(records().collect()));
    });
}

criterion_group!(benches, serving, catalogue);
criterion_main!(benches);
