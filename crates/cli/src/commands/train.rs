//! `matinee train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use matinee_model::artifact::{Manifest, check_output};
use matinee_model::{Model, RatingScale};
use matinee_train::ratings::{Dataset, Digests};
use matinee_train::training::{HOLD_OUT_RANGE, HOLD_OUTS, Plan, now, train, write};

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
}

/// Trains and writes a model.
pub fn run(args: &Args) -> Result<ExitCode> {
    if !HOLD_OUTS.contains(&args.hold_out) {
        bail!("--hold-out is {}; it must be {HOLD_OUT_RANGE}", args.hold_out);
    }
    args.learning.basics.use_threads()?;
    let plan = Plan::new(args.learning.configure()?, args.learning.basics.seed, args.hold_out);
    let (data, scale, titles) = (&args.data, args.learning.basics.scale, args.learning.titles());
    let (ratings, live) = (args.ratings.as_ref(), args.live.as_deref());
    let dataset = train_folder(data, ratings, live, &args.output, plan, scale, titles)?;
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
    ratings: Option<&Place>,
    live: Option<&Path>,
    output: &Path,
    mut plan: Plan,
    scale: RatingScale,
    titles: Titles,
) -> Result<Dataset> {
    check_output(output)?;
    plan.data_as_of = Some(now());
    let live = live.map(open_live).transpose()?;
    let (mut dataset, mut files) = files::dataset_of(data, scale, titles)?;
    if let Some(place) = ratings {
        (dataset, files) = kept::merged(place, &dataset, files)?;
    }
    if let Some(live) = live {
        plan.compare_with(&live, &dataset);
    }
    train_dataset(&dataset, &files, output, &plan)?;
    Ok(dataset)
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
    let waiting = Waiting::with("writing the model");
    let manifest = write(output, dataset, plan, &trained, files)?;
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

fn print_summary(output: &Path, manifest: &Manifest) {
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
