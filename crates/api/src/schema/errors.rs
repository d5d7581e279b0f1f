//! The errors that each operation may answer. `openapi` adds those of the API gateway in front of it.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

/// A status and its description.
type Documented = (&'static str, &'static str);

const NOT_MODIFIED: Documented =
    ("304", "The cached answer whose `ETag` was sent in `If-None-Match` is still valid");
const INVALID: Documented = ("400", "`invalid_request`: the message says what is wrong");
const INVALID_OR_STALE: Documented = (
    "400",
    "`invalid_request`: the message says what is wrong; or `stale_cursor`: the cursor belongs to a model that has been \
     replaced, so start again without it",
);
const UNKNOWN_MOVIE: Documented = ("404", "`unknown_movie`: the movie is not in the catalogue");
const UNKNOWN_USER: Documented = ("404", "`unknown_user`: there are no ratings of the user");
const UNKNOWN_MOVIE_OR_OFF: Documented = (
    "404",
    "`unknown_movie`: the movie is not in the catalogue; or `live_ratings_off`: no ratings are kept here",
);
const OFF: Documented = ("404", "`live_ratings_off`: no ratings are kept here");
const NO_FILE: Documented = ("404", "`not_found`: there is no such file");
const LARGE: Documented = ("413", "`payload_too_large`: the body is larger than 1 MB");
const BUG: Documented = ("500", "`internal`: a bug");
const NOT_SUPPORTED: Documented =
    ("501", "`not_supported`: the ratings come from an endpoint, which cannot recommend");
const ENDPOINT_FAILED: Documented = ("502", "`endpoint_failed`: the endpoint failed to predict");
const NO_MODEL: Documented = ("503", "`model_unavailable`: try again after `Retry-After`");
const NO_MODEL_OR_ENDPOINT: Documented =
    ("503", "`model_unavailable` or `endpoint_unavailable`: try again after `Retry-After`");
const NO_MODEL_USER_OR_ENDPOINT: Documented = (
    "503",
    "`model_unavailable`, `user_unavailable` or `endpoint_unavailable`: try again after `Retry-After`",
);
const NO_MODEL_USER_OR_RATINGS: Documented = (
    "503",
    "`model_unavailable`, `user_unavailable` or `live_ratings_unavailable`: try again after `Retry-After`",
);
const NO_MODEL_OR_RATINGS: Documented =
    ("503", "`model_unavailable` or `live_ratings_unavailable`: try again after `Retry-After`");
const NO_RATINGS: Documented = ("503", "`live_ratings_unavailable`: try again after `Retry-After`");
const ENDPOINT_TIMEOUT: Documented =
    ("504", "`endpoint_timeout`: the endpoint did not answer in time; or `gateway_timeout`");

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident: $($error:ident),+;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($error),+]
                    .into_iter()
                    .map(|(status, text)| (status.to_owned(), RefOr::T(error_response(status, text))))
                    .collect()
            }
        }
    )*};
}

errors! {
    /// A prediction.
    PredictErrors: INVALID, UNKNOWN_MOVIE, LARGE, BUG, ENDPOINT_FAILED, NO_MODEL_USER_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// A batch. Each of its pairs may have an error of its own.
    BatchErrors: INVALID, LARGE, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Recommendations for a visitor.
    RecommendErrors: INVALID_OR_STALE, LARGE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// Recommendations for a user.
    RecommendToUserErrors: INVALID_OR_STALE, UNKNOWN_USER, BUG, NOT_SUPPORTED, NO_MODEL_USER_OR_RATINGS;
    /// The ratings of a user.
    UserRatingsErrors: INVALID_OR_STALE, UNKNOWN_USER, BUG, NOT_SUPPORTED, NO_MODEL_USER_OR_RATINGS;
    /// A rating that is kept.
    KeepErrors: INVALID, UNKNOWN_MOVIE_OR_OFF, LARGE, BUG, NO_MODEL_OR_RATINGS;
    /// Ratings that are kept. Each may have an error of its own.
    KeepBatchErrors: INVALID, OFF, LARGE, BUG, NO_MODEL;
    /// A movie that is hidden.
    MarkErrors: INVALID, UNKNOWN_MOVIE_OR_OFF, LARGE, BUG, NO_MODEL_OR_RATINGS;
    /// A rating that is taken back, a movie that is shown again. The movie may have left the catalogue.
    UnmarkErrors: INVALID, OFF, LARGE, BUG, NO_MODEL_OR_RATINGS;
    /// A user who is forgotten.
    ForgetErrors: INVALID, OFF, LARGE, BUG, NO_RATINGS;
    /// Recommendations for several people.
    TogetherErrors: INVALID, LARGE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// The movies to begin with.
    StartErrors: NOT_MODIFIED, BUG, NO_MODEL;
    /// A list of movies.
    ListErrors: NOT_MODIFIED, INVALID_OR_STALE, BUG, NO_MODEL;
    /// One movie.
    MovieErrors: NOT_MODIFIED, INVALID, UNKNOWN_MOVIE, BUG, NO_MODEL;
    /// Similar movies.
    SimilarErrors: NOT_MODIFIED, INVALID_OR_STALE, UNKNOWN_MOVIE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// The list of genres.
    GenresErrors: NOT_MODIFIED, BUG, NO_MODEL;
    /// The description of the model, which may have to come from an endpoint.
    ModelErrors: NOT_MODIFIED, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// The health check.
    HealthErrors: BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Something that is part of the program, and so always available.
    NotModified: NOT_MODIFIED;
    /// A file of the page.
    PageFileErrors: NOT_MODIFIED, INVALID, NO_FILE;
}

/// The response of an error. A 3xx status has no body.
pub(crate) fn error_response(status: &str, description: &str) -> Response {
    let response = ResponseBuilder::new().description(description);
    if status.starts_with('3') {
        return response.build();
    }
    let schema = RefOr::Ref(Ref::from_schema_name("ErrorAnswer"));
    response.content("application/json", Content::new(Some(schema))).build()
}
