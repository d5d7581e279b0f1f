//! The arguments that commands with lists of movies have in common.

use clap::Args;

use crate::ask::Question;

/// Which movies to list, and how.
#[derive(Args)]
pub struct Selection {
    /// How many movies to list, at most 100
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Only movies of this genre; give several for movies of any of them
    #[arg(long)]
    genre: Vec<String>,
    /// Only movies of this year and later
    #[arg(long, value_name = "YEAR")]
    year_from: Option<u16>,
    /// Only movies of this year and earlier
    #[arg(long, value_name = "YEAR")]
    year_to: Option<u16>,
    /// Leave out the movie with this id; give several for several movies
    #[arg(long, value_name = "MOVIE", allow_hyphen_values = true)]
    exclude: Vec<String>,
    /// Print the API's answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl Selection {
    /// The question, asked about these movies.
    pub fn restrict(&self, question: Question) -> Question {
        question
            .with("limit", [self.limit])
            .with("genre", &self.genre)
            .with("yearFrom", self.year_from)
            .with("yearTo", self.year_to)
            .with("exclude", &self.exclude)
    }
}
