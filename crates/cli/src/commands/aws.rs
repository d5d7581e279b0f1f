//! `matinee aws`: the loop on AWS from the command line, with the caller's own credentials.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};

use super::learning::name_and_value;
use crate::aws::account::Account;
use crate::aws::options::StackOptions;
use crate::aws::{doctor, forget, jobs, upload, versions};

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
    /// Check ratings and upload them to the bucket; that starts training if the stack is set up so
    Upload {
        /// Folder with ratings.csv and movies.csv
        folder: PathBuf,
    },
    /// Start a training job
    Train {
        /// A hyperparameter, as `matinee algorithms` lists them
        #[arg(short, long = "hyperparameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
        parameters: Vec<(String, String)>,
        /// The instance type that it runs on, instead of the stack's
        #[arg(long)]
        instance_type: Option<String>,
        /// Use on-demand capacity, which costs more than spot capacity but is not interrupted
        #[arg(long)]
        on_demand: bool,
        /// Wait until the job ends
        #[arg(long)]
        wait: bool,
    },
    /// List the latest training jobs
    Jobs,
    /// Make a model live if it is no worse than the live one
    Publish {
        /// `s3://BUCKET/PREFIX/` or `s3://BUCKET/KEY.tar.gz`
        uri: String,
        /// Make it live even if it is worse
        #[arg(long)]
        force: bool,
    },
    /// Go back to an earlier model
    Rollback {
        /// One of the versions that `matinee aws versions` lists [default: the previous one]
        version: Option<String>,
    },
    /// List the live model, those before it, and those that were refused, with their figures
    Versions {
        /// Also write them to this file as a page
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Remove a user from the table of ratings, and from the ratings in the bucket with their earlier versions
    Forget {
        /// The user's id, as in the ratings
        user: String,
        /// Remove without asking
        #[arg(long)]
        yes: bool,
    },
    /// Check the deployed stack and everything else that the loop needs
    Doctor,
}

/// Runs the subcommand.
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
            Task::Versions { html } => versions::list(&account, html.as_deref()).await,
            Task::Forget { user, yes } => forget::run(&account, &user, yes).await,
            Task::Doctor => doctor::run(&account).await,
        }
    })
}
