//! `matinee aws`: the loop from the command line, with the caller's own credentials.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};

use super::learning::name_and_value;
use crate::aws::account::Account;
use crate::aws::options::StackOptions;
use crate::aws::{doctor, jobs, upload, versions};

/// The loop on AWS.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
    #[command(flatten)]
    stack: StackOptions,
}

#[derive(Subcommand)]
enum Task {
    /// Check ratings and put them into the bucket, which starts training where the stack does so
    Upload {
        /// Folder with ratings.csv and movies.csv
        folder: PathBuf,
    },
    /// Start a training job
    Train {
        /// A hyperparameter, as `matinee algorithms` lists them
        #[arg(short, long = "hyperparameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
        parameters: Vec<(String, String)>,
        /// The instance that it runs on, if not the stack's
        #[arg(long)]
        instance_type: Option<String>,
        /// Pay the full price for capacity that is not taken away, whatever the stack does
        #[arg(long)]
        on_demand: bool,
        /// Wait until the job ends
        #[arg(long)]
        wait: bool,
    },
    /// List the last training jobs
    Jobs,
    /// Make an artifact live, if it is no worse than the live one
    Publish {
        /// `s3://BUCKET/PREFIX/` or `s3://BUCKET/KEY.tar.gz`
        uri: String,
        /// Even if it is worse
        #[arg(long)]
        force: bool,
    },
    /// Go back to an earlier model
    Rollback {
        /// One of `matinee aws versions`; the one that was live last if it is left out
        version: Option<String>,
    },
    /// List the live model and those before it
    Versions,
    /// Check that what was deployed is what was asked for, and everything that the loop needs
    Doctor,
}

/// Does it.
pub fn run(args: Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let account = Account::new(args.stack).await;
        match args.task {
            Task::Upload { folder } => upload::run(&account, &folder).await,
            Task::Train { parameters, instance_type, on_demand, wait } => {
                jobs::train(&account, parameters, instance_type, on_demand, wait).await
            }
            Task::Jobs => jobs::list(&account).await,
            Task::Publish { uri, force } => versions::publish(&account, &uri, force).await,
            Task::Rollback { version } => versions::roll_back(&account, version.as_deref()).await,
            Task::Versions => versions::list(&account).await,
            Task::Doctor => doctor::run(&account).await,
        }
    })
}
