//! Lists of movies in the terminal: a line for each, with colours where the terminal has them.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

const NUMBER: Style = AnsiColor::Yellow.on_default().bold();
const TITLE: Style = Style::new().bold();
const REST: Style = Style::new().dimmed();

/// Prints `answer` as JSON, or the movies in its field `list` with what `number` and `note` say of each.
pub fn print(
    answer: &Value,
    list: &str,
    as_json: bool,
    number: impl Fn(&Value) -> String,
    note: impl Fn(&Value) -> String,
) {
    if as_json {
        say!("{answer}");
        return;
    }
    let movies = answer[list].as_array().map(Vec::as_slice).unwrap_or_default();
    if movies.is_empty() {
        eprintln!("no movie fits");
    }
    // Without a terminal, or with NO_COLOR, the styles are left out.
    let mut out = anstream::stdout().lock();
    for movie in movies {
        let text = |field: &str| movie[field].as_str().unwrap_or_default();
        let year = movie["year"].as_u64().map(|year| format!(" ({year})")).unwrap_or_default();
        // The reader may stop early.
        let _ = writeln!(
            out,
            "{NUMBER}{:>5}{NUMBER:#}  {TITLE}{}{TITLE:#}{year}  {REST}[{}] {}{REST:#}",
            number(movie),
            text("display_title"),
            text("movie_id"),
            note(movie),
        );
    }
}

/// The genres of a movie, separated by commas.
pub fn genres(movie: &Value) -> String {
    let genres = movie["genres"].as_array().map(Vec::as_slice).unwrap_or_default();
    genres.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}
