//! `matinee serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;

use crate::files;
use crate::server::{self, Access, Address};

/// What to serve, and where.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder of the model, or its model.tar.gz
    #[arg(long, default_value = "model")]
    model: PathBuf,
    /// File to keep ratings in that come in through the API; it is created if there is none
    #[arg(long, value_name = "FILE")]
    ratings: Option<PathBuf>,
    #[command(flatten)]
    address: Address,
    #[command(flatten)]
    access: Access,
}

/// Serves a trained model.
pub fn run(args: &Args) -> Result<ExitCode> {
    let model = files::open_model(&args.model)?;
    server::serve(model, &args.address, args.ratings.as_deref(), &args.access)?;
    Ok(ExitCode::SUCCESS)
}
