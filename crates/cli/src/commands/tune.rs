//! `matinee tune`.

mod comparison;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args as ClapArgs;
use matinee_model::artifact::check_output;
use matinee_train::algorithms;
use matinee_train::training::Plan;
use matinee_train::tuning::elimination::MARGIN;
use matinee_train::tuning::{Space, Strategy, TuneError, Tuned, TuningPlan, tune};

use super::learning::Learning;
use super::train::{suggest, train_dataset};
use crate::progress::TerminalTuning;
use crate::tuning::best_point;
use crate::{files, outputs};
use comparison::{Comparison, existing_recipe};

/// The file that the points are written to by default.
const POINTS_FILE: &str = "tuning.csv";

/// What to try, on which data, and where to write the best model.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Folder to write the best model to, trained on all ratings; it replaces the model that is there unless that one is
    /// better
    #[arg(long, default_value = "model")]
    output: PathBuf,
    /// Replace the model in the folder even if it is better or cannot be compared
    #[arg(long)]
    force: bool,
    /// File to write every point to as CSV [default: tuning.csv]
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Try this many random points, from lists or ranges (-p `n_factors=10..500:log`), instead of every combination of
    /// the lists (-p `n_factors=10,100`)
    #[arg(long, value_name = "POINTS")]
    random: Option<usize>,
    #[command(flatten)]
    learning: Learning,
    /// Number of random folds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    folds: u32,
    /// Drop a point if, to win, its RMSE on each remaining fold would have to be lower than that of the best point so far
    /// by more than this share
    #[arg(long, default_value_t = MARGIN, value_name = "SHARE", allow_hyphen_values = true)]
    margin: f64,
    /// Evaluate every point on every fold
    #[arg(long, conflicts_with = "margin")]
    exhaustive: bool,
}

/// Tunes, writes every point to a file, compares the best one with the model in the folder, and trains it if it is no
/// worse.
pub fn run(args: &Args) -> Result<ExitCode> {
    if args.margin.is_nan() || args.margin < 0.0 {
        bail!("--margin is {}; it must be 0 or more", args.margin);
    }
    args.learning.basics.use_threads()?;
    let strategy = args.random.map_or(Strategy::Grid, Strategy::Random);
    let space = Space::new(args.learning.algorithm_or(algorithms::DEFAULT), strategy, args.learning.given())?;
    let plan = TuningPlan {
        algorithm: space.algorithm(),
        points: space.points(args.learning.basics.seed)?,
        folds: args.folds,
        seed: args.learning.basics.seed,
        margin: (!args.exhaustive).then_some(args.margin),
    };
    check_output(&args.output)?;
    let (dataset, files) = files::dataset_of(&args.data, args.learning.basics.scale, args.learning.titles())?;
    let existing = existing_recipe(&args.output, &dataset)?;
    let read = files.keys().map(|file| args.data.join(file));
    let points_file = args.points_file(&read.collect::<Vec<_>>())?;
    say!("tuning {}: {} points, {} folds", plan.algorithm, plan.points.len(), plan.folds);

    let begin = std::time::Instant::now();
    let tuned = tune(&dataset, &plan, &mut TerminalTuning::new(), None).map_err(|error| match error {
        TuneError::TooManyFolds { .. } => {
            anyhow::Error::new(error).context(format!("--folds {}", plan.folds))
        }
        error => error.into(),
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    outputs::write(&points_file, &tuned.to_csv()?)?;
    print_best_points(&tuned, &plan, seconds);
    say!("wrote every point to {}", points_file.display());

    let best = best_point(&tuned, &plan)?;
    let comparison = Comparison::new(&dataset, &plan, &tuned, best, existing, &mut TerminalTuning::new())?;
    say!("{comparison}");
    if !args.force
        && let Some(reason) = comparison.reason_to_keep()
    {
        say!(
            "{} is kept: {reason}; use --force to replace it, or --output to write the tuned model to another folder",
            args.output.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let algorithm = best.point.configure(plan.algorithm)?;
    let plan = Plan::new(algorithm, plan.seed, 0.1);
    train_dataset(&dataset, &files, &args.output, &plan)?;
    suggest(&args.output, &dataset);
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// The file to write the points to. An existing file is only replaced if it is empty or an earlier tuning wrote it.
    fn points_file(&self, read: &[PathBuf]) -> Result<PathBuf> {
        let path = self.csv.clone().unwrap_or_else(|| POINTS_FILE.into());
        outputs::check_file("--csv", &path, read)?;
        outputs::check_outside("--csv", &path, &self.output)?;
        if path.is_file() && !is_tuning_table(&path) {
            bail!("{} was not written by an earlier tuning; name another file with --csv", path.display());
        }
        Ok(path)
    }
}

fn is_tuning_table(path: &Path) -> bool {
    let mut head = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(Tuned::CSV_HEAD.len() as u64).read_to_end(&mut head));
    read.is_ok() && (head.is_empty() || head == Tuned::CSV_HEAD.as_bytes())
}

/// Prints the best points, one on each line.
fn print_best_points(tuned: &Tuned, plan: &TuningPlan, seconds: f64) {
    let fits: usize = tuned.results.iter().map(|result| result.errors.len()).sum();
    let all = plan.points.len() * plan.folds as usize;
    say!(
        "tuned {} points on {} folds in {seconds:.1} s: {fits} of {all} fits",
        plan.points.len(),
        plan.folds
    );
    say!("{:>8} {:>8}", "RMSE", "MAE");
    for result in tuned.results.iter().take(5) {
        say!("{:>8.4} {:>8.4}  {}", result.rmse(), result.mae(), result.point);
    }
}
