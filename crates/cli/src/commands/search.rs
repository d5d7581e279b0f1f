//! `matinee search`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use serde_json::Value;

use super::selection::Selection;
use crate::ask::Question;
use crate::movie_list;

/// What to search for.
#[derive(ClapArgs)]
pub struct Args {
    /// Words of the title, in any order; typing errors are tolerated
    #[arg(required = true)]
    words: Vec<String>,
    /// Folder of the model, or its model.tar.gz
    #[arg(long, default_value = "model")]
    model: PathBuf,
    #[command(flatten)]
    selection: Selection,
}

/// Prints what `GET /movies?query=` answers.
pub fn run(args: &Args) -> Result<ExitCode> {
    let question = Question::get(&["movies"]).with("query", [args.words.join(" ")]);
    let answer = args.selection.restrict(question).ask(&args.model)?;
    let count = |movie: &Value| movie["rating_count"].as_u64().unwrap_or_default().to_string();
    movie_list::print(&answer, "movies", args.selection.json, count, movie_list::genres);
    Ok(ExitCode::SUCCESS)
}
