//! `matinee train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args as ClapArgs, ValueEnum};
use jiff::SignedDuration;
use matinee_model::artifact::{Manifest, UsersFile, check_output};
use matinee_model::{Model, RatingScale};
use matinee_train::ratings::{Dataset, Digests};
use matinee_train::training::{
    HOLD_OUT_RANGE, HOLD_OUTS, Plan, Trained, now, train, train_within, write_with,
};

use super::learning::Learning;
use crate::example;
use crate::files::{self, Titles};
use crate::kept::{self, Place};
use crate::progress::{TerminalProgress, Waiting};
use crate::report::against_live;

/// What to train, how, and where to put it.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// File of ratings that a server keeps, or `aws` for the table of the stack, to learn from too: they count over those in
    /// the folder
    #[arg(long, value_name = "FILE|aws")]
    ratings: Option<Place>,
    /// Model to compare the new one with, on the ratings that it has not learned: a folder or a model.tar.gz
    #[arg(long, value_name = "MODEL")]
    live: Option<PathBuf>,
    /// Folder to write the model to, replacing the model that is there
    #[arg(long, default_value = "model")]
    output: PathBuf,
    #[command(flatten)]
    learning: Learning,
    /// Share of the ratings to hold out for measuring the model; 0 for none
    #[arg(long, default_value_t = 0.1, value_name = "SHARE", allow_hyphen_values = true)]
    hold_out: f64,
    /// Time that training may take, such as `90s`, `10m` or `2h`: takes the most accurate algorithm that fits
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with_all = ["algorithm", "parameters"])]
    time_budget: Option<Duration>,
    /// Whether the model keeps its users in a file of their own, of which a server reads only what it needs
    #[arg(long, default_value = "auto", value_enum)]
    users_file: UsersFileChoice,
}

/// Whether a model has a `users.bin`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum UsersFileChoice {
    /// If the users take more than 512 MiB
    Auto,
    /// However few users there are
    Always,
    /// However many users there are; a server then keeps them in memory
    Never,
}

impl From<UsersFileChoice> for UsersFile {
    fn from(choice: UsersFileChoice) -> Self {
        match choice {
            UsersFileChoice::Auto => Self::Auto,
            UsersFileChoice::Always => Self::Always,
            UsersFileChoice::Never => Self::Never,
        }
    }
}

/// Trains and writes a model.
pub fn run(args: &Args) -> Result<ExitCode> {
    if !HOLD_OUTS.contains(&args.hold_out) {
        bail!("--hold-out is {}; it must be {HOLD_OUT_RANGE}", args.hold_out);
    }
    args.learning.basics.use_threads()?;
    check_output(&args.output)?;
    let live = args.live.as_deref().map(open_live).transpose()?;
    let mut plan = Plan::new(args.learning.configure()?, args.learning.basics.seed, args.hold_out);
    plan.data_as_of = Some(now());
    let (scale, titles) = (args.learning.basics.scale, args.learning.titles());
    let (mut dataset, mut files) = files::dataset_of(&args.data, scale, titles)?;
    if let Some(place) = &args.ratings {
        (dataset, files) = kept::merged(place, &dataset, files)?;
    }
    if let Some(live) = live {
        plan.compare_with(&live, &dataset);
    }
    let progress = TerminalProgress::new();
    let (trained, plan) = match args.time_budget {
        None => (train(&dataset, &plan, &progress), plan),
        Some(budget) => train_within(budget, &dataset, plan, &progress)?,
    };
    drop(progress);
    write_model(&dataset, &files, &args.output, &plan, &trained, args.users_file.into())?;
    suggest(&args.output, &dataset);
    Ok(ExitCode::SUCCESS)
}

/// Prints commands to try the model, with ids that it knows.
pub fn suggest(output: &Path, dataset: &Dataset) {
    let model = example::option("--model", &output.display().to_string());
    say!("\ntry it:");
    if let Some((user, movie)) = example::of_dataset(dataset) {
        let (user, movie) = (example::option("--user", user), example::option("--movie", movie));
        say!("  matinee predict {model} {user} {movie}");
    }
    say!("  matinee serve {model}");
}

/// Reads and checks the data, trains and writes a model, and prints a summary.
pub fn train_folder(
    data: &Path,
    output: &Path,
    mut plan: Plan,
    scale: RatingScale,
    titles: Titles,
) -> Result<()> {
    check_output(output)?;
    plan.data_as_of = Some(now());
    let (dataset, files) = files::dataset_of(data, scale, titles)?;
    train_dataset(&dataset, &files, output, &plan)
}

fn open_live(path: &Path) -> Result<Model> {
    files::open_model(path).with_context(|| {
        format!(
            "cannot compare with the model {}; name another one with --live, or leave it out",
            path.display()
        )
    })
}

/// Trains and writes a model, and prints a summary.
pub fn train_dataset(dataset: &Dataset, files: &Digests, output: &Path, plan: &Plan) -> Result<()> {
    let trained = train(dataset, plan, &TerminalProgress::new());
    write_model(dataset, files, output, plan, &trained, UsersFile::default())
}

fn write_model(
    dataset: &Dataset,
    files: &Digests,
    output: &Path,
    plan: &Plan,
    trained: &Trained,
    users_file: UsersFile,
) -> Result<()> {
    let waiting = Waiting::with("writing the model");
    let manifest = write_with(output, dataset, plan, trained, files, users_file)?;
    drop(waiting);
    print_summary(output, &manifest);
    if plan.hold_out > 0.0 && manifest.metrics.hold_out.is_none() {
        say!(
            "not measured: a hold-out of {} of the {} ratings would be empty",
            plan.hold_out,
            dataset.ratings.len()
        );
    }
    match dataset.unlisted_count() {
        0 => {}
        count => say!(
            "{count} of {} ratings are of movies that are not in the catalogue: the model is trained on them, but not \
             measured on them, and cannot be asked about these movies",
            dataset.ratings.len()
        ),
    }
    Ok(())
}

/// Prints what was trained, and how well it predicts.
pub fn print_summary(output: &Path, manifest: &Manifest) {
    let counts = manifest.counts;
    say!(
        "wrote model {} to {}: {}, {} ratings of {} movies by {} users",
        manifest.version,
        output.display(),
        manifest.algorithm,
        counts.ratings,
        counts.rated_movies,
        counts.users
    );
    if let Some(hold_out) = manifest.metrics.hold_out {
        say!(
            "hold-out of {} ratings: RMSE {:.4}{}, MAE {:.4}",
            hold_out.test_count,
            hold_out.rmse,
            hold_out
                .unreduced_rmse
                .map(|rmse| format!(" ({rmse:.4} before the reduction)"))
                .unwrap_or_default(),
            hold_out.mae
        );
    }
    if let Some(compared) = &manifest.against_live {
        say!("{}", against_live(compared));
    }
}

/// Reads a time such as `10m`.
fn time(text: &str) -> Result<Duration, String> {
    let time = text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    time.filter(|time| !time.is_zero()).ok_or_else(|| "write a time such as 90s, 10m or 2h".to_owned())
}
