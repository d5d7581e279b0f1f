//! `matinee predict`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use matinee_api::response::PredictAnswer;
use matinee_model::Model;

/// Whose rating of which movie to predict.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder of the model, or its model.tar.gz
    #[arg(long, default_value = "model")]
    model: PathBuf,
    /// Id of the user
    #[arg(long, allow_hyphen_values = true)]
    user: String,
    /// Id of the movie
    #[arg(long, allow_hyphen_values = true)]
    movie: String,
}

/// Prints what `POST /predict` answers.
pub fn run(args: &Args) -> Result<ExitCode> {
    let model = Model::open(&args.model)?;
    let prediction = model.predict(&args.user.as_str().into(), &args.movie.as_str().into())?;
    say!("{}", serde_json::to_string(&PredictAnswer::new(prediction, model.manifest()))?);
    Ok(ExitCode::SUCCESS)
}
