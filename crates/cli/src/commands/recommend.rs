//! `matinee recommend`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::selection::Selection;
use crate::ask::Question;
use crate::movie_list;

/// Whom to recommend to, and what.
#[derive(ClapArgs)]
#[group(id = "person", required = true, multiple = false, args = ["user", "rated"])]
pub struct Args {
    /// Folder of the model, or its model.tar.gz
    #[arg(long, default_value = "model")]
    model: PathBuf,
    /// Id of a user of the training data
    #[arg(long, allow_hyphen_values = true)]
    user: Option<String>,
    /// A rating of somebody else, such as 2959=5; give several, separated by spaces
    #[arg(long, value_name = "MOVIE=RATING", num_args = 1.., value_parser = rating)]
    rated: Vec<(String, f64)>,
    #[command(flatten)]
    selection: Selection,
    /// Also movies that the person has rated
    #[arg(long)]
    include_rated: bool,
    /// Leave out movies that the person would rate lower; if missing, 3 on a scale from 0.5 to 5, or the person's average
    /// if that is lower
    #[arg(long, value_name = "RATING", allow_hyphen_values = true)]
    min_rating: Option<f64>,
    /// Prefer movies with different genres
    #[arg(long)]
    varied: bool,
}

/// Prints what `GET /users/{userId}/recommendations` or `POST /recommendations` answers.
pub fn run(args: &Args) -> Result<ExitCode> {
    let rated = args.rated.iter().map(|(movie, rating)| json!({"movieId": movie, "rating": rating}));
    let question = args.user.as_ref().map_or_else(
        || Question::post(&["recommendations"], json!({"ratings": rated.collect::<Vec<_>>()})),
        |user| Question::get(&["users", user, "recommendations"]),
    );
    let question = args
        .selection
        .restrict(question)
        .with("includeRated", args.include_rated.then_some(true))
        .with("minRating", args.min_rating)
        .with("varied", args.varied.then_some(true));
    let answer = question.ask(&args.model)?;
    for movie in answer["unknown_movies"].as_array().into_iter().flatten() {
        eprintln!("note: the model does not know movie {movie}");
    }
    let predicted = |movie: &Value| format!("{:.1}", movie["predicted_rating"].as_f64().unwrap_or_default());
    movie_list::print(&answer, "recommendations", args.selection.json, predicted, reason);
    Ok(ExitCode::SUCCESS)
}

/// The rating that counted most for a recommendation, or its genres.
fn reason(movie: &Value) -> String {
    match movie["because"][0]["display_title"].as_str() {
        Some(title) => format!("because of {title}"),
        None => movie_list::genres(movie),
    }
}

/// Reads `2959=5`. An id may contain `=`.
fn rating(text: &str) -> Result<(String, f64), String> {
    let (movie, rating) = text.rsplit_once('=').ok_or("it must be an id and a rating, such as 2959=5")?;
    let rating = rating.parse().map_err(|_| format!("`{rating}` is not a valid number"))?;
    Ok((movie.to_owned(), rating))
}

#[cfg(test)]
mod tests {
    use super::rating;

    #[test]
    fn a_rating_follows_the_last_equals_sign() {
        assert_eq!(rating("2959=4.5"), Ok(("2959".to_owned(), 4.5)));
        assert_eq!(rating("a=b=3"), Ok(("a=b".to_owned(), 3.0)));
        assert!(rating("2959").unwrap_err().contains("such as 2959=5"));
        assert!(rating("2959=good").unwrap_err().contains("`good`"));
    }
}
