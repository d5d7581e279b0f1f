//! `matinee sagemaker`: what the container runs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};

use crate::sagemaker::{self, Root};

/// What the container is to do.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run a training job: read the channels, train or tune, write the model
    Train(Place),
    /// Serve the model to an endpoint or a batch transform, on port 8080 or `SAGEMAKER_BIND_TO_PORT`
    Serve(Place),
    /// Print the `MetricDefinitions` of a training job
    MetricDefinitions,
}

/// Where the files of the job are.
#[derive(ClapArgs)]
struct Place {
    /// Folder to use instead of /opt/ml
    #[arg(long, default_value = "/opt/ml", value_name = "DIR")]
    root: PathBuf,
}

/// Runs the subcommand.
pub fn run(args: Args) -> Result<ExitCode> {
    match args.task {
        Task::Train(place) => {
            let root = Root::new(place.root);
            Ok(sagemaker::with_failure_file(&root, || sagemaker::run(&root)))
        }
        Task::Serve(place) => {
            sagemaker::serve(&Root::new(place.root))?;
            Ok(ExitCode::SUCCESS)
        }
        Task::MetricDefinitions => {
            say!("{:#}", sagemaker::metric_definitions());
            Ok(ExitCode::SUCCESS)
        }
    }
}
