//! `matinee similar`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use serde_json::Value;

use super::selection::Selection;
use crate::ask::Question;
use crate::movie_list;

/// Which movie.
#[derive(ClapArgs)]
pub struct Args {
    /// Id of the movie; `matinee search` finds it
    #[arg(allow_hyphen_values = true)]
    movie: String,
    /// Folder of the model, or its model.tar.gz
    #[arg(long, default_value = "model")]
    model: PathBuf,
    #[command(flatten)]
    selection: Selection,
}

/// Prints what `GET /movies/{movieId}/similar` answers.
pub fn run(args: &Args) -> Result<ExitCode> {
    let question = Question::get(&["movies", &args.movie, "similar"]);
    let answer = args.selection.restrict(question).ask(&args.model)?;
    let similarity = |movie: &Value| format!("{:.2}", movie["similarity"].as_f64().unwrap_or_default());
    movie_list::print(&answer, "similar", args.selection.json, similarity, movie_list::genres);
    Ok(ExitCode::SUCCESS)
}
