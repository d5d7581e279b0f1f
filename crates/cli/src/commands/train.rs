//! `matinee train`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use matinee_model::RatingScale;
use matinee_model::artifact::Manifest;
use matinee_train::algorithms::{self, Configured};
use matinee_train::ratings::{Dataset, Inputs};
use matinee_train::training::{Plan, train, write};

use crate::files;
use crate::progress::TerminalProgress;

/// What to train, how, and where to put it.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Folder to write the model to; a model there is replaced
    #[arg(long, default_value = "model")]
    output: PathBuf,
    #[command(flatten)]
    learning: Learning,
    /// Share of the ratings that is held out to measure the model; 0 for none
    #[arg(long, default_value_t = 0.1, value_name = "SHARE")]
    hold_out: f64,
}

/// How to learn: shared by `train`, `evaluate` and `tune`.
#[derive(ClapArgs)]
pub struct Learning {
    /// Algorithm; `matinee algorithms` lists them
    #[arg(long, default_value = algorithms::DEFAULT)]
    algorithm: String,
    /// Hyperparameter; may be given several times
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
    /// Seed of all random numbers: same data, same seed, same model
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Scale of the ratings
    #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH")]
    pub scale: RatingScale,
    /// Threads to use; all cores if not given. The result does not depend on it
    #[arg(long)]
    threads: Option<usize>,
}

/// Trains and writes a model.
pub fn run(args: &Args) -> Result<ExitCode> {
    if !(0.0..1.0).contains(&args.hold_out) {
        bail!("--hold-out is {}; it must be at least 0 and less than 1", args.hold_out);
    }
    args.learning.use_threads()?;
    let plan = Plan {
        algorithm: args.learning.configure()?,
        seed: args.learning.seed,
        hold_out: args.hold_out,
        training_job: None,
    };
    train_folder(&args.data, &args.output, &plan, args.learning.scale)?;
    let output = args.output.display();
    say!(
        "\ntry it:\n  matinee predict --model {output} --user 2 --movie 2959\n  matinee serve --model {output}"
    );
    Ok(ExitCode::SUCCESS)
}

/// Reads and checks the data, trains, writes, and tells what was written.
pub fn train_folder(data: &Path, output: &Path, plan: &Plan, scale: RatingScale) -> Result<Manifest> {
    let inputs = files::read_folder(data)?;
    let dataset = files::usable_dataset(&inputs, scale)?;
    train_dataset(&dataset, &inputs, output, plan)
}

/// Trains, writes, and tells what was written.
pub fn train_dataset(dataset: &Dataset, inputs: &Inputs, output: &Path, plan: &Plan) -> Result<Manifest> {
    let trained = train(dataset, plan, &TerminalProgress::new());
    let manifest = write(output, dataset, plan, &trained, inputs)?;
    tell(output, &manifest);
    Ok(manifest)
}

fn tell(output: &Path, manifest: &Manifest) {
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
            "hold-out of {} ratings: RMSE {:.4}, MAE {:.4}",
            hold_out.test_count,
            hold_out.rmse,
            hold_out.mae
        );
    }
}

impl Learning {
    /// The algorithm with its hyperparameters.
    pub fn configure(&self) -> Result<Configured> {
        Ok(algorithms::configure(&self.algorithm, self.given())?)
    }

    /// The name of the algorithm.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The hyperparameters as given.
    pub fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets how many threads are used from here on.
    pub fn use_threads(&self) -> Result<()> {
        let Some(threads) = self.threads else { return Ok(()) };
        if threads == 0 {
            bail!("--threads is 0; it must be at least 1");
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot start the threads")
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, for example n_factors=50")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
