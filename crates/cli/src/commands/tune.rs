//! `matinee tune`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use matinee_train::training::Plan;
use matinee_train::tuning::elimination::MARGIN;
use matinee_train::tuning::{DEFAULT, Point, Space, Strategy, Tuned, TuningPlan, TuningProgress, tune};

use super::learning::Learning;
use super::train::train_dataset;
use crate::files;

/// What to try, on which data, and where to put the best.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Folder to write the best model to, trained on all ratings; a model there is replaced
    #[arg(long, default_value = "model")]
    output: PathBuf,
    /// File to write every point to as CSV
    #[arg(long, default_value = "tuning.csv", value_name = "FILE")]
    csv: PathBuf,
    /// With lists (-p `n_factors=10,100`) every combination is tried; with this, so many points at random, also
    /// from ranges (-p `n_factors=10..500:log`)
    #[arg(long, value_name = "POINTS")]
    random: Option<usize>,
    #[command(flatten)]
    learning: Learning,
    /// Number of random folds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    folds: u32,
    /// A point is dropped when it can only win by beating the best so far by more than this share of its RMSE on
    /// each fold that is left
    #[arg(long, default_value_t = MARGIN, value_name = "SHARE", allow_hyphen_values = true)]
    margin: f64,
    /// Measure every point on every fold
    #[arg(long, conflicts_with = "margin")]
    exhaustive: bool,
}

/// Tunes, writes every point, and trains the best.
pub fn run(args: &Args) -> Result<ExitCode> {
    if args.margin.is_nan() || args.margin < 0.0 {
        bail!("--margin is {}; it must be 0 or more", args.margin);
    }
    args.learning.basics.use_threads()?;
    let strategy = args.random.map_or(Strategy::Grid, Strategy::Random);
    let space = Space::new(args.learning.algorithm_or(DEFAULT), strategy, args.learning.given())?;
    let plan = TuningPlan {
        algorithm: space.algorithm(),
        points: space.points(args.learning.basics.seed)?,
        folds: args.folds,
        seed: args.learning.basics.seed,
        margin: (!args.exhaustive).then_some(args.margin),
    };
    let (dataset, inputs) =
        files::dataset_of(&args.data, args.learning.basics.scale, args.learning.titles())?;
    let begin = std::time::Instant::now();
    let tuned = tune(&dataset, &plan, &mut TerminalTuning, None)?;
    let seconds = begin.elapsed().as_secs_f64();
    let csv = tuned.to_csv()?;
    std::fs::write(&args.csv, csv).with_context(|| format!("cannot write {}", args.csv.display()))?;
    tell(&tuned, &plan, seconds);
    say!("wrote every point to {}", args.csv.display());

    let best = tuned.best().context("learning diverged at every point; try smaller learning rates")?;
    let algorithm = best.point.configure(plan.algorithm)?;
    let plan = Plan { algorithm, seed: plan.seed, hold_out: 0.1, training_job: None };
    train_dataset(&dataset, &inputs, &args.output, &plan)?;
    Ok(ExitCode::SUCCESS)
}

/// The best points, one a line.
fn tell(tuned: &Tuned, plan: &TuningPlan, seconds: f64) {
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

/// Tells a tuning in a line a fold.
struct TerminalTuning;

impl TuningProgress for TerminalTuning {
    fn fitted(&mut self, _: usize, _: usize, _: f64) {}

    fn round(&mut self, folds: u32, left: usize, dropped: usize, leader: &Point, mean_rmse: f64) {
        eprintln!(
            "{left} points measured on {folds} folds, {dropped} cannot win; best is {leader} with RMSE {mean_rmse:.4}"
        );
    }
}
