//! Recommendations for visitors with ten ratings: the processor time of one thread from the ratings to the best twenty
//! movies with reasons, on the model of `data/` and on generated catalogues. For comparison, the time to read the weights
//! of the ranking head once at the memory bandwidth of this machine.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use half::f16;
use matinee_generated_model::{ModelSize, wave};
use matinee_model::ranking::{Columns, RankingMethod, RankingView, RankingWeights};
use matinee_model::{Filter, Model, MovieRow, Rated, RatingScale};
use matinee_train::algorithms::configure;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::training::{Plan, train, write};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The rank of the rating head: the default of the default algorithm.
const RATING_RANK: usize = 32;

fn main() {
    let bandwidth = bandwidth();
    println!("memory is read at {:.1} GB/s by one thread", bandwidth / 1e9);
    println!(
        "{:>10} {:>6} {:>10} {:>10} {:>12} {:>12} {:>14}",
        "movies", "head", "p50 ms", "p99 ms", "weights MB", "read once ms", "p50 / read once"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    for method in ["ease", "ials"] {
        train_on_data(&path, method);
        report(&path, method, bandwidth, 3_000);
    }
    for (movies, rank, visitors) in [(100_000, 64, 500), (1_000_000, 32, 200)] {
        for (method, weights) in [generate_ease(movies), generate_ials(movies, rank)] {
            // One user has rated a thousand movies, which visitors rate too.
            let size = ModelSize { users: 1, movies, rank: RATING_RANK, ratings_per_user: 1_000 };
            size.write(&path, Some((method, &weights)));
            report(&path, method.name(), bandwidth, visitors);
        }
    }
}

fn report(path: &Path, head: &str, bandwidth: f64, visitors: usize) {
    let model = Model::open(path).unwrap();
    let movies = model.movie_ids().len();
    let bytes = match model.ranking().unwrap() {
        RankingView::Ease { movies: Columns::Narrow(movies), weights, .. } => {
            size_of_val(movies) + size_of_val(weights)
        }
        RankingView::Ease { movies: Columns::Wide(movies), weights, .. } => {
            size_of_val(movies) + size_of_val(weights)
        }
        RankingView::Ials { factors, .. } => factors.len() * size_of::<f32>(),
    };
    let rated = rated_movies(&model);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut request = || {
        let ratings: Vec<Rated> = (0..10)
            .map(|_| Rated {
                movie: rated[random.random_range(0..rated.len())],
                rating: random.random_range(1..=10) as f32 * 0.5,
            })
            .collect();
        let begin = processor_time();
        black_box(model.visitor(ratings).recommend(&Filter::default(), 20, None));
        processor_time() - begin
    };
    // The first requests build the movie index and warm the caches.
    for _ in 0..10 {
        black_box(request());
    }
    let mut times: Vec<f64> = (0..visitors).map(|_| request()).collect();
    times.sort_by(f64::total_cmp);
    let (median, last) = (times[visitors / 2], times[visitors * 99 / 100]);
    let once = bytes as f64 / bandwidth;
    println!(
        "{movies:>10} {head:>6} {:>10.3} {:>10.3} {:>12.1} {:>12.3} {:>14.2}",
        median * 1e3,
        last * 1e3,
        bytes as f64 / 1e6,
        once * 1e3,
        median / once
    );
}

/// Each movie once for every rating, so that visitors rate popular movies.
fn rated_movies(model: &Model) -> Vec<MovieRow> {
    let counts = (0..).zip(model.rating_counts());
    counts.flat_map(|(row, &count)| std::iter::repeat_n(MovieRow(row), count as usize)).collect()
}

/// The processor time of this thread, in seconds.
fn processor_time() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// Bytes per second that one thread reads from memory, outside of all caches.
fn bandwidth() -> f64 {
    let numbers = vec![1.0_f32; 64 << 20];
    let read = || {
        let begin = Instant::now();
        let mut sums = [0.0_f32; 64];
        for chunk in numbers.as_chunks::<64>().0 {
            for (sum, number) in sums.iter_mut().zip(chunk) {
                *sum += number;
            }
        }
        black_box(sums);
        begin.elapsed().as_secs_f64()
    };
    let fastest = (0..10).map(|_| read()).fold(f64::MAX, f64::min);
    size_of_val(&numbers[..]) as f64 / fastest
}

/// Trains a model on `data/` with one ranking method.
fn train_on_data(path: &Path, method: &str) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let read = |name: &str| CsvFile { name: name.to_owned(), bytes: std::fs::read(data.join(name)).unwrap() };
    let inputs = Inputs { ratings: vec![read("ratings.csv")], movies: Some(read("movies.csv")), links: None };
    let (dataset, _) = check(&inputs, RatingScale::MOVIELENS);
    let algorithm = configure("svd", [("n_factors", "32"), ("n_epochs", "5")]).unwrap();
    let plan = Plan::new(algorithm, 0, 0.0);
    let mut trained = train(&dataset, &plan, &Silent);
    let training = dataset.ranking_training(0);
    let method = training.methods().into_iter().find(|found| found.name() == method).unwrap();
    trained.ranking.weights = training.learn_by(method);
    trained.ranking.head.method = method;
    write(path, &dataset, &plan, &trained, &inputs.digests()).unwrap();
}

type Head = (RankingMethod, RankingWeights);

fn generate_ials(movies: usize, rank: usize) -> Head {
    let factors = Array2::from_shape_fn((movies, rank), |(row, column)| wave(row * rank + column));
    let gram = factors.t().dot(&factors);
    let method =
        RankingMethod::Ials { rank: rank as u32, unobserved_weight: 0.1, regularisation: 0.01, epochs: 8 };
    (method, RankingWeights::Ials { factors, gram })
}

fn generate_ease(movies: usize) -> Head {
    /// The default of training.
    const EACH: usize = 128;
    let step = movies / EACH;
    let columns = (0..movies).flat_map(|row| (0..EACH).map(move |place| (place * step + row % step) as u32));
    let method = RankingMethod::Ease {
        regularisation: 100.0,
        weights_per_movie: EACH as u32,
        attribute_signals: None,
    };
    let weights = RankingWeights::Ease {
        offsets: (0..=movies).map(|row| (row * EACH) as u32).collect(),
        movies: columns.collect(),
        weights: (0..movies * EACH).map(wave).map(f16::from_f32).collect(),
    };
    (method, weights)
}
