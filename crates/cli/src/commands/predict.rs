//! `matinee predict`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Error, Result, anyhow};
use clap::Args as ClapArgs;
use matinee_api::request::{InvalidRequest, MAX_ID_BYTES, PredictRequest};
use matinee_api::response::PredictAnswer;

use crate::files;

/// The user and the movie to predict the rating of.
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
    let (user, movie) = PredictRequest::ids(&args.user, &args.movie).map_err(name_option)?;
    let model = files::open_model(&args.model)?;
    let prediction = model.predict(&user, &movie)?;
    say!("{}", serde_json::to_string(&PredictAnswer::new(prediction, model.manifest()))?);
    Ok(ExitCode::SUCCESS)
}

/// The API's error with the name of the option instead of the field.
fn name_option(error: InvalidRequest) -> Error {
    let option = |field| if field == "userId" { "--user" } else { "--movie" };
    match error {
        InvalidRequest::EmptyId(field) => anyhow!("{} is empty; give an id from the data", option(field)),
        InvalidRequest::LongId(field) => {
            anyhow!("{} is longer than {MAX_ID_BYTES} bytes; no id is that long", option(field))
        }
        error => anyhow!("{error}"),
    }
}
