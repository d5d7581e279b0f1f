//! `matinee evaluate`.

mod candidates;
mod source;
mod test_sets;
mod visitors;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use matinee_train::algorithms::Configured;
use matinee_train::evaluation::{evaluate, learning_curve};
use matinee_train::progress::Progress;
use matinee_train::ratings::Dataset;
use matinee_train::split::TestSet;

use super::evaluate_ranking::{self, RankingArgs};
use super::learning::{Basics, name_and_value};
use crate::progress::FitBars;
use crate::report::{Origin, Report, Result as AlgorithmResult, ranking_page};
use crate::{files, outputs};
use candidates::candidates;
use source::{Read, Source};
use test_sets::{Split, test_sets};

/// What to evaluate, and on which ratings.
#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Algorithm; give it several times to compare algorithms [default: the one that `matinee train` takes]
    #[arg(long)]
    algorithm: Vec<String>,
    /// Hyperparameter; ALGORITHM.NAME=VALUE if several algorithms are compared
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
    #[command(flatten)]
    basics: Basics,
    /// Which ratings to test on
    #[arg(long, value_enum, default_value_t = Split::Random)]
    split: Split,
    /// Number of random folds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    folds: u32,
    /// CSV with the header `fold` and a whole number for each rating, in the order of the ratings file
    #[arg(long, conflicts_with_all = ["folds", "split"], value_name = "FILE")]
    folds_file: Option<PathBuf>,
    #[command(flatten)]
    ranking: RankingArgs,
    /// Also test the intervals of the predictions
    #[arg(long)]
    intervals: bool,
    /// Also measure how accuracy depends on the number of ratings, on the first test set
    #[arg(long)]
    learning_curve: bool,
    /// File to write the results to as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// File to write the results to as an HTML page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Evaluates each algorithm on the same test sets and prints the results.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.basics.use_threads()?;
    let candidates = candidates(&args.algorithm, &args.parameters)?;
    let Read { inputs, files: paths, name } = args.source.read()?;
    let read: Vec<PathBuf> = paths.iter().chain(&args.folds_file).cloned().collect();
    for (option, path) in [("--json", &args.json), ("--html", &args.html)] {
        path.as_deref().map_or(Ok(()), |path| outputs::check_file(option, path, &read))?;
    }
    if let (Some(json), Some(html)) = (&args.json, &args.html) {
        outputs::check_distinct(("--json", json), ("--html", html))?;
    }
    let (dataset, digests) = files::usable_dataset(&inputs, args.basics.scale)?;
    let origin = Origin::of_process(&digests);
    let candidates: Vec<Configured> =
        candidates.iter().map(|candidate| candidate.for_ratings(dataset.ratings.len())).collect();
    if args.ranking.ranking {
        let results = evaluate_ranking::run(&args.ranking, &dataset, args.basics.seed, args.json.as_deref())?;
        if let Some(path) = &args.html {
            outputs::write(path, ranking_page(&name, &dataset, &results, &origin)?.as_bytes())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if args.folds_file.is_none() && args.split == Split::Visitors {
        let report = visitors::run(args, candidates, &name, &dataset)?;
        say!("{report}");
        return args.write(&report.to_json()?, &report.to_html(&origin)?);
    }
    let tests = match &args.folds_file {
        Some(path) => test_sets::from_file(path, &dataset)?,
        None => test_sets(args.split, args.folds, &dataset, args.basics.seed)?,
    };
    test_sets::refuse_empty(&tests, &dataset)?;
    let results = candidates.iter().map(|candidate| args.result(candidate, &dataset, &tests)).collect();
    let tested_on = if args.folds_file.is_some() { "the folds of a file" } else { args.split.describe() };
    let report = Report::new(&name, &dataset, tested_on, args.basics.seed, results);
    say!("{report}");
    args.write(&report.to_json()?, &report.to_html(&origin)?)
}

impl Args {
    /// Writes the files that were asked for.
    fn write(&self, json: &str, html: &str) -> Result<ExitCode> {
        if let Some(path) = &self.json {
            outputs::write(path, format!("{json}\n").as_bytes())?;
        }
        if let Some(path) = &self.html {
            outputs::write(path, html.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn result(&self, candidate: &Configured, dataset: &Dataset, tests: &[TestSet]) -> AlgorithmResult {
        let seed = self.basics.seed;
        let bars = FitBars::of(candidate.name());
        let curve = |test| {
            bars.stage("learning curve");
            learning_curve(dataset, candidate, test, seed, &bars)
        };
        AlgorithmResult {
            algorithm: candidate.name(),
            hyperparameters: candidate.hyperparameters(),
            evaluation: evaluate(dataset, candidate, tests, seed, self.intervals, &bars),
            learning_curve: tests
                .iter()
                .find(|test| dataset.is_measurable(test))
                .filter(|_| self.learning_curve)
                .map(curve),
        }
    }
}
