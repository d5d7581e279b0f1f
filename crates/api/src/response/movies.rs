//! Movies, alone and in lists.

use matinee_model::{Histogram, Movie};
use serde::Serialize;
use utoipa::ToSchema;

use super::LiveRatingsState;

/// A movie of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MovieAnswer {
    /// Its id.
    #[schema(example = "2959")]
    pub movie_id: String,
    /// Its title. In MovieLens it ends with the year.
    #[schema(example = "Fight Club (1999)")]
    pub title: String,
    /// Its title as people write it, without the year and without other names.
    #[schema(example = "Fight Club")]
    pub display_title: String,
    /// The other names in its title, such as the original one, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Se7en")]
    pub original_title: Option<String>,
    /// Its genres.
    #[schema(example = json!(["Action", "Crime", "Drama", "Thriller"]))]
    pub genres: Vec<String>,
    /// The year at the end of its title; missing if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1999)]
    pub year: Option<u16>,
    /// How many ratings of it the model was trained on; missing if the ratings come from an endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 202)]
    pub rating_count: Option<u32>,
    /// How often it got each rating, in ten steps from the lowest of the scale to the highest; only where movies are
    /// asked for by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!([1, 3, 1, 5, 6, 27, 20, 53, 27, 59]))]
    pub rating_histogram: Option<Vec<u32>>,
    /// The digits after `tt` in its id at `IMDb`, if the data has it; only where movies are asked for by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0137523")]
    pub imdb_id: Option<String>,
    /// Its id in The Movie Database, if the data has it; only where movies are asked for by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "550")]
    pub tmdb_id: Option<String>,
}

/// The answer of `GET /movies`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MoviesAnswer {
    /// The movies. With a query: those whose titles match every word, the best match first. With ids: the movies with
    /// these ids, in their order. Otherwise: the movies with the most ratings.
    pub movies: Vec<MovieAnswer>,
    /// The requested ids that no movie has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_movies: Vec<String>,
    /// The parameter `cursor` for the next page; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "efff89ff64d6e4a010")]
    pub next_cursor: Option<String>,
}

/// A movie that is similar to another.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarMovie {
    /// The movie.
    #[serde(flatten)]
    pub movie: MovieAnswer,
    /// How similar it is: above 0, at most 1.
    #[schema(example = 0.21)]
    pub similarity: f32,
}

/// The answer of `GET /movies/{movieId}/similar`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SimilarAnswer {
    /// The movie in the request.
    pub movie: MovieAnswer,
    /// Movies that are liked by the people who like this one; empty if too few people have rated it.
    pub similar: Vec<SimilarMovie>,
    /// The parameter `cursor` for the next page; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "efff89ff64d6e4a010")]
    pub next_cursor: Option<String>,
    /// The version of the model that answered.
    pub model_version: String,
}

/// A movie that a user has rated.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RatedMovie {
    /// The movie.
    #[serde(flatten)]
    pub movie: MovieAnswer,
    /// The user's rating.
    #[schema(example = 4.5)]
    pub rating: f32,
    /// Whether the model was trained on it. Otherwise it came in since, and counts as well.
    pub learned: bool,
    /// When it came in, in seconds since 1970 in UTC; missing if it is only known from the training data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_445_714_835.0)]
    pub timestamp: Option<f64>,
}

/// The answer of `GET /users/{userId}/ratings`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UserRatingsAnswer {
    /// The ratings: the newest first if ratings are kept here, otherwise the highest first.
    pub ratings: Vec<RatedMovie>,
    /// How many ratings fit the parameters, on all pages.
    #[schema(example = 76)]
    pub count: usize,
    /// The movies that the user does not want to see recommended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden_movies: Vec<String>,
    /// The parameter `cursor` for the next page; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "efff89ff64d6e4a0l1f")]
    pub next_cursor: Option<String>,
    /// The version of the model that answered.
    pub model_version: String,
    /// `unavailable` if the ratings that came in since the model was trained could not be looked up; missing otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_ratings: Option<LiveRatingsState>,
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

/// The answer of `GET /start`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StartAnswer {
    /// The movies, the most telling first.
    pub movies: Vec<MovieAnswer>,
}

impl MovieAnswer {
    /// The same answer, with how often the movie got each rating.
    #[must_use]
    pub fn with_histogram(self, histogram: Option<&Histogram>) -> Self {
        Self { rating_histogram: histogram.map(|counts| counts.to_vec()), ..self }
    }

    /// The same answer, with the ids of the movie at other places.
    #[must_use]
    pub fn with_links(self, movie: Movie<'_>) -> Self {
        let [imdb_id, tmdb_id] = [movie.imdb_id(), movie.tmdb_id()].map(|id| id.map(str::to_owned));
        Self { imdb_id, tmdb_id, ..self }
    }

    /// The answer for `movie` with this number of ratings.
    pub fn new(movie: Movie<'_>, rating_count: Option<u32>) -> Self {
        Self {
            movie_id: movie.id.to_owned(),
            title: movie.title.to_owned(),
            display_title: movie.display_title(),
            original_title: Some(movie.other_titles()).filter(|others| !others.is_empty()),
            genres: movie.genres().map(str::to_owned).collect(),
            year: movie.year(),
            rating_count,
            rating_histogram: None,
            imdb_id: None,
            tmdb_id: None,
        }
    }
}
