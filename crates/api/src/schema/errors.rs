//! The errors that each operation may answer. `openapi` adds those of the API gateway in front of it.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

/// A status and its description.
type Documented = (&'static str, &'static str);

const UNCHANGED: Documented =
    ("304", "The cached answer whose `ETag` was sent in `If-None-Match` is still valid");
const INVALID: Documented = ("400", "`invalid_request`: the message says what is wrong");
const INVALID_OR_STALE: Documented = (
    "400",
    "`invalid_request`: the message says what is wrong; or `stale_cursor`: the cursor belongs to a model that has been \
     replaced, so start again without it",
);
const UNKNOWN_MOVIE: Documented = ("404", "`unknown_movie`: the movie is not in the catalogue");
const UNKNOWN_USER: Documented = ("404", "`unknown_user`: the model has no ratings of the user");
const NO_FILE: Documented = ("404", "`not_found`: there is no such file");
const LARGE: Documented = ("413", "`payload_too_large`: the body is larger than 1 MB");
const BUG: Documented = ("500", "`internal`: a bug");
const NOT_SUPPORTED: Documented =
    ("501", "`not_supported`: the ratings come from an endpoint, which cannot recommend");
const ENDPOINT_FAILED: Documented = ("502", "`endpoint_failed`: the endpoint failed to predict");
const NO_MODEL: Documented = ("503", "`model_unavailable`: try again after `Retry-After`");
const NO_MODEL_OR_ENDPOINT: Documented =
    ("503", "`model_unavailable` or `endpoint_unavailable`: try again after `Retry-After`");
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
    Predicted: INVALID, UNKNOWN_MOVIE, LARGE, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// A batch. Each of its pairs may have an error of its own.
    Batched: INVALID, LARGE, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Recommendations for a visitor.
    Recommended: INVALID_OR_STALE, LARGE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// Recommendations for a user.
    RecommendedToUser: INVALID_OR_STALE, UNKNOWN_USER, BUG, NOT_SUPPORTED, NO_MODEL;
    /// A list of movies.
    Listed: UNCHANGED, INVALID_OR_STALE, BUG, NO_MODEL;
    /// One movie.
    Described: UNCHANGED, INVALID, UNKNOWN_MOVIE, BUG, NO_MODEL;
    /// Similar movies.
    Similar: UNCHANGED, INVALID_OR_STALE, UNKNOWN_MOVIE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// Something about the catalogue, without parameters.
    Catalogued: UNCHANGED, BUG, NO_MODEL;
    /// The description of the model, which may have to come from an endpoint.
    ModelDescribed: UNCHANGED, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// The health check.
    Checked: BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// A part of the program.
    Unchanged: UNCHANGED;
    /// A file of the page.
    Filed: UNCHANGED, INVALID, NO_FILE;
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
