//! `matinee evaluate --ranking`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use matinee_train::progress::Silent;
use matinee_train::ranking::evaluation::{RankingEvaluation, evaluate};
use matinee_train::ranking::split::{latest_per_user, random_per_user};
use matinee_train::ratings::Dataset;

/// The share of each user's ratings that is ranked.
const HELD_OUT: f64 = 0.2;

/// What to measure of the ranking head.
#[derive(ClapArgs)]
pub struct RankingArgs {
    /// Measure what is recommended instead of what is predicted: on a fifth of each user's ratings, at random and
    /// the latest
    #[arg(long, conflicts_with_all = [
        "algorithm", "parameters", "split", "folds", "folds_file", "intervals", "learning_curve", "html",
    ])]
    pub ranking: bool,
    /// CSV with the header `test` and 1 for each rating to rank, 0 for each to learn from, in the order of the ratings
    /// file; may be given several times
    #[arg(long, requires = "ranking", value_name = "FILE")]
    test_file: Vec<PathBuf>,
}

/// Measures and prints a table for each split.
pub fn run(args: &RankingArgs, dataset: &Dataset, seed: u64, json: Option<&Path>) -> Result<ExitCode> {
    let results: Vec<RankingEvaluation> = splits(args, dataset, seed)?
        .iter()
        .filter_map(|(name, marks)| evaluate(dataset, name, marks, seed, &Silent))
        .collect();
    if results.is_empty() {
        bail!("no user likes anything of what is held out, so that there is nothing to rank");
    }
    results.iter().for_each(print_table);
    if let Some(path) = json {
        let json = serde_json::to_string_pretty(&results)? + "\n";
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of each split, and its marks.
fn splits(args: &RankingArgs, dataset: &Dataset, seed: u64) -> Result<Vec<(String, Vec<bool>)>> {
    if !args.test_file.is_empty() {
        let read = |path: &PathBuf| Ok((path.display().to_string(), read_marks(path, dataset)?));
        return args.test_file.iter().map(read).collect();
    }
    let mut splits = vec![("random".to_owned(), random_per_user(&dataset.ratings, HELD_OUT, seed))];
    if let Some(timestamps) = &dataset.timestamps {
        splits.push(("time".to_owned(), latest_per_user(&dataset.ratings, timestamps, HELD_OUT)));
    }
    Ok(splits)
}

fn read_marks(path: &Path, dataset: &Dataset) -> Result<Vec<bool>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines().map(str::trim);
    if lines.next() != Some("test") {
        bail!("{}:1: expected the header `test`", path.display());
    }
    let parse = |(line, text): (usize, &str)| match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => bail!("{}:{line}: `{text}` is neither 0 nor 1", path.display()),
    };
    let marks = (2..).zip(lines).map(parse).collect::<Result<Vec<bool>>>()?;
    dataset.align(&marks).with_context(|| path.display().to_string())
}

fn print_table(results: &RankingEvaluation) {
    say!("split: {}", results.split);
    say!(
        "{:>17} {:>8} {:>10} {:>9} {:>8} {:>7} {:>7}",
        "method",
        "NDCG@10",
        "Recall@20",
        "coverage",
        "novelty",
        "users",
        "fit s"
    );
    for result in &results.methods {
        let metrics = result.metrics;
        let mark = if result.method == results.chosen { "*" } else { "" };
        say!(
            "{:>17} {:>8.4} {:>10.4} {:>9.4} {:>8.2} {:>7} {:>7.2}",
            format!("{mark}{}", result.method),
            metrics.ndcg_at_10,
            metrics.recall_at_20,
            metrics.coverage,
            metrics.novelty,
            metrics.users,
            result.fit_seconds
        );
    }
    say!("* is what training takes\n");
}
