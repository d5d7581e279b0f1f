//! The parameters of query strings. A route takes several of these groups.

use utoipa::IntoParams;

use crate::request::RatingsOrder;

/// How many movies to recommend.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RecommendedLimit {
    /// How many movies to recommend; 20 if missing
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// How many movies to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct ListedLimit {
    /// How many movies to list; 10 if missing
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Which movies.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct SelectionParameters {
    /// Only movies with at least one of these genres; GET /genres lists them. Repeat the parameter, or separate the
    /// genres by commas
    genre: Option<Vec<String>>,
    /// Only movies from this year or later
    #[param(rename = "yearFrom", minimum = 0, maximum = 65535)]
    year_from: Option<u16>,
    /// Only movies from this year or earlier
    #[param(rename = "yearTo", minimum = 0, maximum = 65535)]
    year_to: Option<u16>,
    /// Leave out the movies with these ids. Repeat the parameter, or separate the ids by commas
    exclude: Option<Vec<String>>,
}

/// The next page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct CursorParameter {
    /// The `next_cursor` of the previous page
    #[param(max_length = 285)]
    cursor: Option<String>,
}

/// What one person is recommended.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct TasteParameters {
    /// Whether to recommend movies that are rated already
    #[param(rename = "includeRated")]
    include_rated: Option<bool>,
    /// Leave out movies with a lower predicted rating. If missing, 3 on a scale from 0.5 to 5, five ninths up any
    /// other, or the rating that the person gives on average if that is lower
    #[param(rename = "minRating")]
    min_rating: Option<f32>,
    /// Whether to prefer movies that are unlike each other, by their genres. The answer then has no `next_cursor`
    varied: Option<bool>,
}

/// What several people are recommended.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct TogetherParameters {
    /// Whether to recommend movies that somebody has rated already
    #[param(rename = "includeRated")]
    include_rated: Option<bool>,
    /// Leave out movies that anyone would rate lower. If missing, for each person what `POST /recommendations` takes
    #[param(rename = "minRating")]
    min_rating: Option<f32>,
}

/// The order of `GET /users/{userId}/ratings`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingsOrderParameter {
    /// Which ratings come first. `newest`: those that the model has not learned, and then those that it has, each by their
    /// times. If missing, `newest` where ratings are kept, and `highest` elsewhere
    #[param(inline)]
    order: Option<RatingsOrder>,
}

/// When something was done.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct TimeParameter {
    /// When it was done, in seconds since 1970 in UTC; now if missing. The latest counts, in whatever order requests
    /// arrive
    #[param(minimum = 0)]
    timestamp: Option<f64>,
}

/// Which movies `GET /movies` finds.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct SearchParameters {
    /// The text to search for; if missing, the movies with the most ratings come first
    #[param(min_length = 1, max_length = 200, example = "matrix")]
    query: Option<String>,
    /// The movies with these ids, at most 100, in this order; cannot be combined with other parameters. Repeat the
    /// parameter, or separate the ids by commas
    #[param(max_items = 100)]
    ids: Option<Vec<String>>,
}
