//! The command `matinee`: trains, evaluates and serves a recommender on this machine.

#[macro_use]
mod output;

mod ask;
#[cfg(feature = "aws")]
mod aws;
mod commands;
mod example;
mod files;
mod kept;
mod logging;
mod movie_list;
mod outputs;
mod progress;
mod report;
pub mod sagemaker;
mod server;
mod tuning;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// A movie recommender that costs nothing while it is idle.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a model; train it first if there is none yet
    Up(commands::up::Args),
    /// Train a model
    Train(commands::train::Args),
    /// Evaluate algorithms by cross-validation
    Evaluate(commands::evaluate::Args),
    /// Find the hyperparameters that predict best, and train with them
    Tune(commands::tune::Args),
    /// Report everything that is wrong with a folder of ratings
    Check(commands::check::Args),
    /// Serve a trained model
    Serve(commands::serve::Args),
    /// Predict one rating
    Predict(commands::predict::Args),
    /// Recommend movies to a user, or to somebody with the ratings that are given
    Recommend(commands::recommend::Args),
    /// List movies that are similar to one
    Similar(commands::similar::Args),
    /// Find movies by their titles
    Search(commands::search::Args),
    /// Import, export and count the ratings that a server keeps
    Ratings(commands::ratings::Args),
    /// Download data sets
    Data(commands::data::Args),
    /// List the algorithms and their hyperparameters
    Algorithms,
    /// Print a script that completes commands and options in a shell
    Completions(commands::shell::CompletionsArgs),
    /// Write a manual page for each command
    Man(commands::shell::ManArgs),
    /// Compute a part of a training that is divided among machines, as `spark/train.py` does
    #[command(hide = true)]
    Part(commands::part::Args),
    /// Run a training job or an endpoint in `SageMaker`'s container
    Sagemaker(commands::sagemaker::Args),
    /// Run the loop on AWS: data, training jobs, live models
    #[cfg(feature = "aws")]
    Aws(commands::aws::Args),
    /// Run the loop on AWS (not in this build, which lacks the feature `aws`)
    #[cfg(not(feature = "aws"))]
    #[command(disable_help_flag = true)]
    Aws {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        arguments: Vec<String>,
    },
}

/// Runs the command that the command line asks for.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(args) => commands::up::run(args),
        Command::Train(args) => commands::train::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Tune(args) => commands::tune::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Recommend(args) => commands::recommend::run(&args),
        Command::Similar(args) => commands::similar::run(&args),
        Command::Search(args) => commands::search::run(&args),
        Command::Ratings(args) => commands::ratings::run(&args),
        Command::Completions(args) => Ok(commands::shell::completions(&args, Cli::command())),
        Command::Man(args) => commands::shell::man(&args, Cli::command()),
        Command::Data(args) => commands::data::run(args),
        Command::Part(args) => commands::part::run(args),
        Command::Sagemaker(args) => commands::sagemaker::run(args),
        #[cfg(feature = "aws")]
        Command::Aws(args) => commands::aws::run(args),
        #[cfg(not(feature = "aws"))]
        Command::Aws { arguments } => Err(anyhow::anyhow!(
            "`{}` is not in this build; build one with the AWS SDK: `cargo build --release --features aws --package matinee`",
            ["matinee", "aws"]
                .into_iter()
                .chain(arguments.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" ")
        )),
        Command::Algorithms => Ok(commands::algorithms::run()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
