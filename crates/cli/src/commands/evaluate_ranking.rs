//! `matinee evaluate --ranking`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args as ClapArgs;
use matinee_train::ranking::evaluation::{RankingEvaluation, evaluate};
use matinee_train::ratings::Dataset;
use matinee_train::split::{latest_per_user, random_per_user};

use super::column::read_column;
use crate::outputs;
use crate::progress::FitBars;

/// The share of each user's ratings that is held out.
const HELD_OUT: f64 = 0.2;

/// How to evaluate the ranking head.
#[derive(ClapArgs)]
pub struct RankingArgs {
    /// Evaluate the recommendations instead of the predictions, on a fifth of each user's ratings: once a random fifth,
    /// once the latest
    #[arg(long, conflicts_with_all = [
        "algorithm", "parameters", "split", "folds", "folds_file", "intervals", "learning_curve",
    ])]
    pub ranking: bool,
    /// CSV with the header `test`, and a 1 for each rating to test on or a 0 for each to train on, in the order of the
    /// ratings file; may be given several times
    #[arg(long, requires = "ranking", value_name = "FILE")]
    test_file: Vec<PathBuf>,
}

/// Evaluates, and prints a table for each split. Returns the results.
pub fn run(
    args: &RankingArgs,
    dataset: &Dataset,
    seed: u64,
    json: Option<&Path>,
) -> Result<Vec<RankingEvaluation>> {
    let results: Vec<RankingEvaluation> = splits(args, dataset, seed)?
        .iter()
        .filter_map(|(name, marks)| {
            evaluate(dataset, name, marks, seed, &FitBars::of(format!("rankings, split {name}")))
        })
        .collect();
    if results.is_empty() {
        bail!("no user likes any of the movies that are held out, so there is nothing to rank");
    }
    results.iter().for_each(print_table);
    if let Some(path) = json {
        let json = serde_json::to_string_pretty(&results)? + "\n";
        outputs::write(path, json.as_bytes())?;
    }
    Ok(results)
}

/// The name of each split, and which ratings it tests on.
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
    read_column(path, "test", dataset, |text| match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(format!("`{text}` is neither 0 nor 1")),
    })
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
    say!("* marks the method that training chooses\n");
}
