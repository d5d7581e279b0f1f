//! `matinee serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;

use crate::files;
use crate::server::{self, Address};

/// What to serve, and where.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder of the model, or its model.tar.gz
    #[arg(long, default_value = "model")]
    model: PathBuf,
    #[command(flatten)]
    address: Address,
}

/// Serves a trained model.
pub fn run(args: &Args) -> Result<ExitCode> {
    server::serve(files::open_model(&args.model)?, &args.address)?;
    Ok(ExitCode::SUCCESS)
}
