//! `matinee evaluate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use matinee_train::evaluation::{CrossValidation, FoldResult, cross_validate};
use matinee_train::progress::Silent;
use matinee_train::ratings::{Dataset, Inputs};
use matinee_train::split::random_folds;
use serde::Serialize;

use super::evaluate_ranking::{self, RankingArgs};
use super::train::Learning;
use crate::files;

/// What to measure, and on which folds.
#[derive(ClapArgs)]
pub struct Args {
    /// File of ratings
    #[arg(long, default_value = "data/ratings.csv")]
    ratings: PathBuf,
    /// File of movies; not every algorithm needs it
    #[arg(long)]
    movies: Option<PathBuf>,
    #[command(flatten)]
    learning: Learning,
    /// Number of random folds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    folds: u32,
    /// CSV with the header `fold` and one whole number a rating, in the order of the ratings file
    #[arg(long, conflicts_with = "folds", value_name = "FILE")]
    folds_file: Option<PathBuf>,
    #[command(flatten)]
    ranking: RankingArgs,
    /// File to write the results to as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    algorithm: &'a str,
    hyperparameters: std::collections::BTreeMap<String, serde_json::Value>,
    seed: u64,
    #[serde(flatten)]
    results: &'a CrossValidation,
}

/// Cross-validates and prints a table.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.learning.use_threads()?;
    let algorithm = args.learning.configure()?;
    let inputs = Inputs {
        ratings: vec![files::read_csv(&args.ratings)?],
        movies: args.movies.as_deref().map(files::read_csv).transpose()?,
    };
    let dataset = files::usable_dataset(&inputs, args.learning.scale)?;
    if args.ranking.ranking {
        return evaluate_ranking::run(&args.ranking, &dataset, args.learning.seed, args.json.as_deref());
    }
    let folds = match &args.folds_file {
        Some(path) => read_folds(path, &dataset)?,
        None => random_folds(dataset.ratings.len(), args.folds, args.learning.seed),
    };
    let results = cross_validate(&dataset, &algorithm, &folds, args.learning.seed, &Silent);
    print_table(&results);
    if let Some(path) = &args.json {
        let report = Report {
            algorithm: algorithm.name(),
            hyperparameters: algorithm.hyperparameters(),
            seed: args.learning.seed,
            results: &results,
        };
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, json + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_folds(path: &Path, dataset: &Dataset) -> Result<Vec<u32>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    if lines.next().map(str::trim) != Some("fold") {
        bail!("{}:1: expected the header `fold`", path.display());
    }
    let parse = |(line, text): (usize, &str)| {
        let fold = text.trim().parse::<u32>();
        fold.with_context(|| format!("{}:{line}: `{text}` is not a whole number", path.display()))
    };
    let folds = (2..).zip(lines).map(parse).collect::<Result<Vec<u32>>>()?;
    let folds = dataset.align(&folds).with_context(|| path.display().to_string())?;
    if folds.iter().all(|fold| Some(fold) == folds.first()) {
        bail!("{}: all ratings are in one fold, so that nothing is left to learn from", path.display());
    }
    Ok(folds)
}

fn print_table(results: &CrossValidation) {
    say!("{:>5} {:>8} {:>8} {:>10} {:>12} {:>8}", "fold", "RMSE", "MAE", "fit s", "predict s", "ratings");
    for FoldResult { fold, rmse, mae, fit_seconds, predict_seconds, test_count } in &results.folds {
        say!("{fold:>5} {rmse:>8.4} {mae:>8.4} {fit_seconds:>10.3} {predict_seconds:>12.4} {test_count:>8}");
    }
    let mean = &results.mean;
    say!(
        "{:>5} {:>8.4} {:>8.4} {:>10.3} {:>12.4}",
        "mean",
        mean.rmse,
        mean.mae,
        mean.fit_seconds,
        mean.predict_seconds
    );
}
