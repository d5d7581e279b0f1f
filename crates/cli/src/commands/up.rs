//! `matinee up`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args as ClapArgs;
use matinee_model::RatingScale;
use matinee_model::artifact::ArtifactError;
use matinee_train::algorithms;
use matinee_train::training::Plan;

use super::train::train_folder;
use crate::files::{self, Titles};
use crate::kept;
use crate::server::{self, Access, Address};

/// What to serve, and what to train it on if it does not exist yet.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Folder of the model; if there is none, one is trained
    #[arg(long, default_value = "model")]
    model: PathBuf,
    /// Scale of the ratings, if a model is trained
    #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    scale: RatingScale,
    /// If there is no movies.csv, use the ids of the rated movies as their titles
    #[arg(long)]
    titles_from_ids: bool,
    /// File to keep ratings in that come in through the API [default: ratings.db beside the model]
    #[arg(long, value_name = "FILE", conflicts_with = "no_ratings")]
    ratings: Option<PathBuf>,
    /// Keep no ratings
    #[arg(long)]
    no_ratings: bool,
    #[command(flatten)]
    address: Address,
    #[command(flatten)]
    access: Access,
}

impl Args {
    /// The file to keep ratings in.
    fn kept_file(&self) -> Option<PathBuf> {
        let beside = || self.model.parent().unwrap_or(Path::new("")).join(kept::FILE);
        (!self.no_ratings).then(|| self.ratings.clone().unwrap_or_else(beside))
    }
}

/// Serves the model. Trains it first if there is none.
pub fn run(args: Args) -> Result<ExitCode> {
    let model = match files::open_model(&args.model) {
        Ok(model) => model,
        Err(ArtifactError::Missing { .. }) if !args.model.exists() => {
            say!(
                "there is no model at {} yet: training one on {}",
                args.model.display(),
                args.data.display()
            );
            let plan = Plan::new(algorithms::configure_or_default(None, [])?, 0, 0.1);
            let titles = Titles::from_ids(args.titles_from_ids);
            train_folder(&args.data, &args.model, plan, args.scale, titles)?;
            files::open_model(&args.model)?
        }
        Err(error) => {
            return Err(anyhow!(
                "cannot serve {}: {error}; to train a model, move this folder away, or name another one with --model \
                 (`matinee up` and `matinee train` only replace what matinee wrote)",
                args.model.display()
            ));
        }
    };
    server::serve(model, &args.address, args.kept_file().as_deref(), &args.access)?;
    Ok(ExitCode::SUCCESS)
}
