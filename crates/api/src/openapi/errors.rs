//! The errors that each operation may answer. Those of the gateway in front of it are added by `gateway`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// The body of every error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorAnswer {
    /// The error.
    error: ErrorDescription,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDescription {
    /// The stable code.
    #[schema(example = "invalid_request")]
    code: String,
    /// What happened, and what to do.
    #[schema(example = "the field `movieId` is missing")]
    message: String,
    /// Why no model or endpoint answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The id of the request, which stands in the log.
    #[schema(example = "357db69a-54fd-4c35-b6c2-0051ae73a4fa")]
    request_id: String,
}

type Documented = (&'static str, &'static str);

const UNCHANGED: Documented =
    ("304", "The answer that the client has kept, by its `ETag` in `If-None-Match`, is still right");
const INVALID: Documented = ("400", "`invalid_request`: the message names what is wrong");
const INVALID_OR_STALE: Documented = (
    "400",
    "`invalid_request`: the message names what is wrong; or `stale_cursor`: another model has come in the place of the \
     one that the cursor is of, so begin without it",
);
const UNKNOWN_MOVIE: Documented = ("404", "`unknown_movie`: the catalogue does not have it");
const UNKNOWN_USER: Documented = ("404", "`unknown_user`: the model has no ratings of the user");
const NO_FILE: Documented = ("404", "`not_found`: there is no such file");
const LARGE: Documented = ("413", "`payload_too_large`: a body of more than 1 MB");
const BUG: Documented = ("500", "`internal`: a bug");
const NOT_SUPPORTED: Documented =
    ("501", "`not_supported`: an endpoint gives the ratings, and does not recommend");
const ENDPOINT_FAILED: Documented = ("502", "`endpoint_failed`: the endpoint that gives the ratings did not");
const NO_MODEL: Documented = ("503", "`model_unavailable`: try again after `Retry-After`");
const NO_MODEL_OR_ENDPOINT: Documented =
    ("503", "`model_unavailable` or `endpoint_unavailable`: try again after `Retry-After`");
const ENDPOINT_TIMEOUT: Documented = (
    "504",
    "`endpoint_timeout`: the endpoint that gives the ratings did not answer in time; or `gateway_timeout`",
);

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident: $($error:ident),+;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($error),+].into_iter().map(|(status, text)| (status.to_owned(), RefOr::T(response(status, text)))).collect()
            }
        }
    )*};
}

errors! {
    /// Of a prediction.
    Predicted: INVALID, UNKNOWN_MOVIE, LARGE, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Of a batch, whose pairs have errors of their own.
    Batched: INVALID, LARGE, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Of recommendations for a visitor.
    Recommended: INVALID_OR_STALE, LARGE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// Of recommendations for a user.
    RecommendedToUser: INVALID_OR_STALE, UNKNOWN_USER, BUG, NOT_SUPPORTED, NO_MODEL;
    /// Of a list of movies.
    Listed: UNCHANGED, INVALID_OR_STALE, BUG, NO_MODEL;
    /// Of one movie.
    Described: UNCHANGED, INVALID, UNKNOWN_MOVIE, BUG, NO_MODEL;
    /// Of similar movies.
    Similar: UNCHANGED, INVALID_OR_STALE, UNKNOWN_MOVIE, BUG, NOT_SUPPORTED, NO_MODEL;
    /// Of what takes no parameters and is the model's.
    Catalogued: UNCHANGED, BUG, NO_MODEL;
    /// Of the description of the model, which an endpoint may have to give.
    ModelDescribed: UNCHANGED, BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Of the check.
    Checked: BUG, ENDPOINT_FAILED, NO_MODEL_OR_ENDPOINT, ENDPOINT_TIMEOUT;
    /// Of what is part of the program.
    Unchanged: UNCHANGED;
    /// Of a file of the page.
    Filed: UNCHANGED, INVALID, NO_FILE;
}

/// A response with the body of errors, if its status is one of an error.
pub(super) fn response(status: &str, description: &str) -> Response {
    let response = ResponseBuilder::new().description(description);
    if status.starts_with('3') {
        return response.build();
    }
    let schema = RefOr::Ref(Ref::from_schema_name("ErrorAnswer"));
    response.content("application/json", Content::new(Some(schema))).build()
}
