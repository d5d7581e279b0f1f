//! Movies, alone and in lists.

use matinee_model::Movie;
use serde::Serialize;
use utoipa::ToSchema;

/// A movie of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MovieAnswer {
    /// Its id.
    #[schema(example = "2959")]
    pub movie_id: String,
    /// Its title, which in MovieLens ends with the year.
    #[schema(example = "Fight Club (1999)")]
    pub title: String,
    /// Its genres.
    #[schema(example = json!(["Action", "Crime", "Drama", "Thriller"]))]
    pub genres: Vec<String>,
    /// The year that its title ends with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1999)]
    pub year: Option<u16>,
    /// How many ratings of it the model was trained on; not told where an endpoint gives the ratings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 202)]
    pub rating_count: Option<u32>,
}

/// The answer of `GET /movies`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MoviesAnswer {
    /// The movies: those whose titles fit every word of the query, the best first; those that most people have rated
    /// where there is no query; or those that were asked for by id, in that order.
    pub movies: Vec<MovieAnswer>,
    /// Of the ids that were asked for those that no movie has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_movies: Vec<String>,
    /// What to send as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "4f297e07a880e46710")]
    pub next_cursor: Option<String>,
}

/// A movie that is like another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarMovie {
    /// The movie.
    #[serde(flatten)]
    pub movie: MovieAnswer,
    /// How much: above 0, and 1 at most.
    #[schema(example = 0.21)]
    pub similarity: f32,
}

/// The answer of `GET /movies/{movieId}/similar`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarAnswer {
    /// The movie that was asked about.
    pub movie: MovieAnswer,
    /// Movies that those rate well who rate it well; none of a movie that too few have rated.
    pub similar: Vec<SimilarMovie>,
    /// What to send as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "4f297e07a880e46710")]
    pub next_cursor: Option<String>,
    /// The version of the model that answered.
    pub model_version: String,
}

/// A genre of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GenreAnswer {
    /// Its name.
    #[schema(example = "Film-Noir")]
    pub genre: String,
    /// How many movies have it.
    #[schema(example = 122)]
    pub movie_count: usize,
}

/// The answer of `GET /genres`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GenresAnswer {
    /// All genres, by name.
    pub genres: Vec<GenreAnswer>,
}

impl MovieAnswer {
    /// The answer that tells of `movie`, which has so many ratings.
    pub fn new(movie: Movie<'_>, rating_count: Option<u32>) -> Self {
        Self {
            movie_id: movie.id.to_owned(),
            title: movie.title.to_owned(),
            genres: movie.genres().map(str::to_owned).collect(),
            year: movie.year(),
            rating_count,
        }
    }
}
