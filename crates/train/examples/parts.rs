//! What each part of `bayes` gains, and what it costs.
//!
//! `cargo run --release --package matinee-train --example parts -- data` cross-validates the rating head several times,
//! each time with one part more. The last line is the default of `matinee evaluate`. Each line shows how much lower the
//! error is than in the line before, and the processor time of a fit. `-- FOLDER FOLDS LOW..HIGH` reads another folder,
//! a file with the fold of each rating as for `matinee evaluate --folds-file`, and another scale.

use std::error::Error;
use std::fs;
use std::path::Path;

use matinee_model::RatingScale;
use matinee_train::algorithms::{Configured, configure};
use matinee_train::calibration::{Explained, Parts};
use matinee_train::evaluation::{Errors, HoldOuts, TestRating, predictions, rank_weights, test};
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Dataset, Inputs, Ratings, check};
use matinee_train::seeds::derive;
use matinee_train::split::{divide, random_folds};

const HOLD_OUT: f64 = 0.1;
const SEED: u64 = 0;

/// The calibrations, each with one part more.
const CALIBRATIONS: [(&str, Parts); 4] = [
    ("+ bilinear correction", Parts { unrated: false, link: false, rank_score: false }),
    ("+ slope of unrated movies", Parts { unrated: true, link: false, rank_score: false }),
    ("+ link", Parts { unrated: true, link: true, rank_score: false }),
    ("+ rank score", Parts { unrated: true, link: true, rank_score: true }),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("give a folder with ratings.csv and movies.csv")?;
    let scale = arguments.get(2).map_or(Ok(RatingScale::MOVIELENS), |scale| scale.parse())?;
    let dataset = read(Path::new(folder), scale)?;
    let folds = match arguments.get(1) {
        Some(path) => read_folds(path, dataset.ratings.len())?,
        None => random_folds(dataset.ratings.len(), 5, SEED),
    };
    let mut numbers = folds.clone();
    numbers.sort_unstable();
    numbers.dedup();
    let mut sums: Vec<Line> = Vec::new();
    for &fold in &numbers {
        let (train, tested) = divide(&dataset.ratings, |index| folds[index] == fold);
        let lines = lines(&dataset, &train, &tested)?;
        sums.resize_with(lines.len(), Line::default);
        for (sum, line) in sums.iter_mut().zip(lines) {
            *sum = Line { name: line.name, rmse: sum.rmse + line.rmse, seconds: sum.seconds + line.seconds };
        }
    }
    println!("{:<34} {:>8} {:>9} {:>14}", "", "RMSE", "gain", "CPU s to fit");
    let mut before = None;
    for Line { name, rmse, seconds } in sums {
        let [rmse, seconds] = [rmse, seconds].map(|sum| sum / numbers.len() as f64);
        let gain = before.map(|before: f64| format!("{:.5}", before - rmse)).unwrap_or_default();
        println!("{name:<34} {rmse:>8.5} {gain:>9} {seconds:>14.1}");
        before = Some(rmse);
    }
    Ok(())
}

/// The error with the parts so far, and the processor time to fit them all.
#[derive(Default)]
struct Line {
    name: &'static str,
    rmse: f64,
    seconds: f64,
}

fn read(folder: &Path, scale: RatingScale) -> Result<Dataset, Box<dyn Error>> {
    let file = |name: &str| -> Result<CsvFile, Box<dyn Error>> {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(CsvFile { name: name.to_owned(), bytes })
    };
    let inputs =
        Inputs { ratings: vec![file("ratings.csv")?], movies: Some(file("movies.csv")?), links: None };
    Ok(check(&inputs, scale).0)
}

/// The fold of each rating, below a header.
fn read_folds(path: &str, ratings: usize) -> Result<Vec<u32>, Box<dyn Error>> {
    let wrong =
        || format!("{path} must have a header, and then the number of a fold for each of {ratings} ratings");
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let folds: Result<Vec<u32>, _> = text.lines().skip(1).map(str::parse).collect();
    Ok(folds.ok().filter(|folds| folds.len() == ratings).ok_or_else(wrong)?)
}

fn lines(dataset: &Dataset, train: &Ratings, tested: &Ratings) -> Result<Vec<Line>, Box<dyn Error>> {
    let asked: Vec<TestRating> = tested.iter().map(TestRating::from).collect();
    let error = |scores: &[f32]| Errors::of(&test(scores, dataset, train, &asked, None)).rmse;
    let fit =
        |algorithm: &Configured| timed(|| algorithm.fit(&dataset.training(train, SEED), &Silent).factors);
    let mut lines = Vec::new();
    for (name, factors, rank) in [("12 factors, rank 16", "12", "16"), ("24 factors, rank 32", "24", "32")] {
        let algorithm = bayes(&[("n_factors", factors), ("rank", rank), ("calibrated", "false")])?;
        let (factors, seconds) = fit(&algorithm)?;
        let scores = predictions(dataset, &factors, None, train, &asked, None);
        lines.push(Line { name, rmse: error(&scores), seconds });
    }

    let algorithm = bayes(&[])?.for_ratings(dataset.ratings.len());
    let hold_outs = HoldOuts::new(dataset, train, &algorithm, HOLD_OUT, derive(SEED, "intervals", 0));
    let (watched, watched_seconds) = timed(|| hold_outs.begin_watched(&algorithm, SEED).complete(&Silent))?;
    let (factors, seconds) = fit(&algorithm.with_chosen(watched.chosen))?;
    let seconds = seconds + watched_seconds;
    let scores = predictions(dataset, &factors, None, train, &asked, None);
    lines.push(Line { name: "+ capacity and burn-in by the data", rmse: error(&scores), seconds });

    let learn = |train: &Ratings, asked: &[TestRating]| rank_weights(dataset, train, asked, SEED);
    let (hold_outs, inner_seconds) = timed(|| hold_outs.with_rankings(learn))?;
    let (ranking, ranking_seconds) = timed(|| learn(train, &asked))?;
    let ranking_seconds = inner_seconds + ranking_seconds;
    let held_out = hold_outs.with(watched.fitted.iter().map(|fitted| &fitted.factors));
    let explained = Explained::new(dataset, &held_out).ok_or("the hold-outs are too small")?;
    for (name, parts) in CALIBRATIONS {
        let calibration = explained.fit(parts).ok_or("nothing could be fitted")?;
        let ranking = ranking.as_ref().filter(|_| parts.rank_score);
        let scores = predictions(dataset, &factors, Some(&calibration), train, &asked, ranking);
        let seconds = seconds + if parts.rank_score { ranking_seconds } else { 0.0 };
        lines.push(Line { name, rmse: error(&scores), seconds });
    }
    Ok(lines)
}

/// What `work` returns, and the processor time that it takes.
fn timed<T>(work: impl FnOnce() -> T) -> Result<(T, f64), Box<dyn Error>> {
    let begin = cpu_seconds()?;
    let done = work();
    Ok((done, cpu_seconds()? - begin))
}

fn bayes(given: &[(&str, &str)]) -> Result<Configured, Box<dyn Error>> {
    Ok(configure("bayes", given.iter().copied())?)
}

/// The processor time of this process, in user mode and in the kernel, as reported by Linux.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).flat_map(str::parse::<f64>).sum();
    Ok(ticks / 100.0)
}
