//! What stands behind the question mark.

use utoipa::IntoParams;

/// What the routes that recommend take.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct PageParameters {
    /// How many movies to recommend; 20 if missing
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only movies of at least one of these genres; GET /genres lists them. The parameter may be there several times, or
    /// have commas between the genres
    genre: Option<Vec<String>>,
    /// Only movies of this year and later
    #[param(rename = "yearFrom", minimum = 0, maximum = 65535)]
    year_from: Option<u16>,
    /// Only movies of this year and earlier
    #[param(rename = "yearTo", minimum = 0, maximum = 65535)]
    year_to: Option<u16>,
    /// Also movies that were rated
    #[param(rename = "includeRated")]
    include_rated: Option<bool>,
    /// None of the movies with these ids. The parameter may be there several times, or have commas between the ids
    exclude: Option<Vec<String>>,
    /// The `next_cursor` of the page before
    #[param(max_length = 280)]
    cursor: Option<String>,
}

/// What `GET /movies` takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct BrowseParameters {
    /// What to search for; if missing, the movies that most people have rated come first
    #[param(min_length = 1, max_length = 200, example = "matrix")]
    query: Option<String>,
    /// The movies with these ids, at most 100, in their order; no other parameter can stand beside it. The parameter may
    /// be there several times, or have commas between the ids
    #[param(max_items = 100)]
    ids: Option<Vec<String>>,
    /// How many movies to list; 10 if missing
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only movies of at least one of these genres; GET /genres lists them. The parameter may be there several times, or
    /// have commas between the genres
    genre: Option<Vec<String>>,
    /// Only movies of this year and later
    #[param(rename = "yearFrom", minimum = 0, maximum = 65535)]
    year_from: Option<u16>,
    /// Only movies of this year and earlier
    #[param(rename = "yearTo", minimum = 0, maximum = 65535)]
    year_to: Option<u16>,
    /// None of the movies with these ids
    exclude: Option<Vec<String>>,
    /// The `next_cursor` of the page before
    #[param(max_length = 280)]
    cursor: Option<String>,
}

/// What `GET /movies/{movieId}/similar` takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct SimilarParameters {
    /// How many movies to list; 10 if missing
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only movies of at least one of these genres; GET /genres lists them
    genre: Option<Vec<String>>,
    /// Only movies of this year and later
    #[param(rename = "yearFrom", minimum = 0, maximum = 65535)]
    year_from: Option<u16>,
    /// Only movies of this year and earlier
    #[param(rename = "yearTo", minimum = 0, maximum = 65535)]
    year_to: Option<u16>,
    /// None of the movies with these ids
    exclude: Option<Vec<String>>,
    /// The `next_cursor` of the page before
    #[param(max_length = 280)]
    cursor: Option<String>,
}
