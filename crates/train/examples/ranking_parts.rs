//! What each part of the ranking head gains and costs, as `docs/ranking.md` has it:
//! `cargo run --release --package matinee-train --example ranking_parts -- FOLDER SCALE`, with `ratings.csv` and `movies.csv` in
//! `FOLDER`; the scale is 0.5..5 or, where it is so told, 1..5. A fifth of each user's ratings is held out, three times at random and once the latest.
#![expect(clippy::unwrap_used, reason = "an example")]

use std::hint::black_box;
use std::path::Path;

use matinee_model::ranking::{RankingMethod, RankingWeights, Recency, Taste};
use matinee_model::{Rated, RatingScale};
use matinee_train::ranking::split::{latest_per_user, random_per_user};
use matinee_train::ranking::{RankingTest, RankingTraining};
use matinee_train::ratings::{CsvFile, Dataset, Inputs, Rating, check};
use matinee_train::split::divide;

const HELD_OUT: f64 = 0.2;
const RANDOM_SPLITS: u64 = 3;
const VISITORS: usize = 300;

/// A part, and the parts before it.
struct Part {
    name: &'static str,
    method: RankingMethod,
    recency: Option<Recency>,
}

/// What is known and what is tested of a split.
struct Split {
    known: Vec<Rating>,
    times: Vec<i64>,
    tested: Vec<Rating>,
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let dataset = read(Path::new(&folder));
    println!(
        "{:>34} {:>8} {:>8} {:>8} {:>10} {:>10}",
        "", "random", "time", "fit CPU", "weights MB", "rank us"
    );
    let splits = splits(&dataset);
    for part in parts() {
        let found: Vec<Found> = splits.iter().map(|split| measure(&dataset, split, &part)).collect();
        let (time, random) = found.split_last().unwrap();
        let mean = |figure: fn(&Found) -> f64| random.iter().map(figure).sum::<f64>() / random.len() as f64;
        println!(
            "{:>34} {:>8.4} {:>8.4} {:>8.2} {:>10.2} {:>10.1}",
            part.name,
            mean(|found| found.ndcg_at_10),
            time.ndcg_at_10,
            mean(|found| found.fit_seconds),
            mean(|found| found.bytes as f64) / 1e6,
            mean(|found| found.rank_seconds) * 1e6,
        );
    }
}

fn parts() -> Vec<Part> {
    let ease = |regularisation, weights_per_movie, attribute_signals| RankingMethod::Ease {
        regularisation,
        weights_per_movie,
        attribute_signals,
    };
    let fading = Recency::new(1.0).ok();
    let all = 1_000_000;
    let part = |name, method, recency| Part { name, method, recency };
    vec![
        part("ease, 64 weights a movie, ridge 60", ease(60.0, 64, None), None),
        part("128 weights", ease(60.0, 128, None), None),
        part("all weights", ease(60.0, all, None), None),
        part("genres, 128 weights, ridge 100", ease(100.0, 128, Some([1.0, 0.0, 0.0])), None),
        part("and half decades", ease(100.0, 128, Some([1.0, 1.0, 0.0])), None),
        part("and title words", ease(100.0, 128, Some([1.0, 1.0, 2.0])), None),
        part("the same, 64 weights", ease(100.0, 64, Some([1.0, 1.0, 2.0])), None),
        part("the same, 256 weights", ease(100.0, 256, Some([1.0, 1.0, 2.0])), None),
        part("128 weights, signals fade", ease(100.0, 128, Some([1.0, 1.0, 2.0])), fading),
    ]
}

struct Found {
    ndcg_at_10: f64,
    fit_seconds: f64,
    bytes: usize,
    /// Half of the visitors are ranked for in less.
    rank_seconds: f64,
}

fn measure(dataset: &Dataset, split: &Split, part: &Part) -> Found {
    let all = dataset.ranking_training(0);
    let training = RankingTraining { ratings: &split.known, timestamps: Some(&split.times), ..all };
    let test = RankingTest::new(&training, &split.tested).unwrap();
    let begin = processor_time();
    let weights = training.learn_by(part.method);
    let fit_seconds = processor_time() - begin;
    let metrics = test.measure(Some((part.method, weights.view())), part.recency);
    let rank_seconds = time_to_rank(dataset, part, &weights);
    Found { ndcg_at_10: metrics.ndcg_at_10, fit_seconds, bytes: bytes(&weights), rank_seconds }
}

/// The median time from ten ratings to the best twenty movies.
fn time_to_rank(dataset: &Dataset, part: &Part, weights: &RankingWeights) -> f64 {
    let counts = vec![0; dataset.movie_count()];
    let step = dataset.ratings.len() / (VISITORS * 10);
    let mut times: Vec<f64> = (0..VISITORS)
        .map(|visitor| {
            let ratings = dataset.ratings.iter().skip(visitor * step * 10).step_by(step.max(1)).take(10);
            let mut rated: Vec<Rated> =
                ratings.map(|rating| Rated { movie: rating.movie, rating: rating.value }).collect();
            rated.sort_by_key(|rated| rated.movie);
            rated.dedup_by_key(|rated| rated.movie);
            let begin = processor_time();
            let head = Some((part.method, weights.view()));
            let taste = match part.recency {
                Some(recency) => {
                    Taste::by_recency(head, &rated, 0..rated.len() as u32, recency, dataset.scale)
                }
                None => Taste::new(head, &rated, dataset.scale),
            };
            black_box(taste.rank(&counts, 20, None, |_| true));
            processor_time() - begin
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// As the artifact holds them, where rows have two bytes.
fn bytes(weights: &RankingWeights) -> usize {
    match weights {
        RankingWeights::Ease { offsets, weights, .. } => 4 * offsets.len() + 4 * weights.len(),
        RankingWeights::Ials { factors, gram } => 4 * (factors.len() + gram.len()),
    }
}

fn splits(dataset: &Dataset) -> Vec<Split> {
    let timestamps = dataset.timestamps.as_ref().unwrap();
    let random = (0..RANDOM_SPLITS).map(|seed| random_per_user(&dataset.ratings, HELD_OUT, seed));
    let marks = random.chain([latest_per_user(&dataset.ratings, timestamps, HELD_OUT)]);
    marks.map(|marks| Split::new(dataset, timestamps, &marks)).collect()
}

impl Split {
    fn new(dataset: &Dataset, timestamps: &[i64], marks: &[bool]) -> Self {
        let (known, tested) = divide(&dataset.ratings, |index| marks[index]);
        let times = timestamps.iter().zip(marks).filter(|(_, mark)| !**mark).map(|(&time, _)| time).collect();
        Self { known, times, tested }
    }
}

fn read(folder: &Path) -> Dataset {
    let read =
        |name: &str| CsvFile { name: name.to_owned(), bytes: std::fs::read(folder.join(name)).unwrap() };
    let inputs = Inputs { ratings: vec![read("ratings.csv")], movies: Some(read("movies.csv")) };
    let whole_stars = std::env::args().nth(2).is_some_and(|scale| scale == "1..5");
    let scale = if whole_stars { RatingScale::new(1.0, 5.0).unwrap() } else { RatingScale::MOVIELENS };
    check(&inputs, scale).0
}

/// The processor time of all threads, in seconds.
fn processor_time() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
