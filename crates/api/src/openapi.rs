//! The description of the API, `OpenAPI` 3.1, made from the code when it is first asked for.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{Content, RefOr, Response as DocumentedResponse, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, OpenApi, ToSchema};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Matinee",
        description = "Predicted ratings and recommendations of movies. Bodies are read as JSON whatever their \
                       content type. Every error has the same form, with a stable `code`.",
    ),
    servers((url = ".", description = "Where this document comes from")),
    paths(
        routes::predict,
        routes::predict_batch,
        routes::recommend_to_visitor,
        routes::recommend_to_user,
        routes::search_movies,
        routes::describe_movie,
        routes::similar_movies,
        routes::list_genres,
        routes::describe_model,
        routes::health,
        serve,
        routes::page,
        routes::page_file,
    ),
    components(schemas(ErrorAnswer)),
)]
struct Document;

/// The description of the API as JSON.
pub fn document() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| Document::openapi().to_json().unwrap_or_default())
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "The description of this API", body = Object)))]
pub(crate) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

/// A user and a movie. Ids may also be whole numbers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct PairBody {
    /// For whom to predict.
    #[schema(rename = "userId", example = "2", min_length = 1, max_length = 256)]
    user_id: String,
    /// What to predict.
    #[schema(rename = "movieId", example = "2959", min_length = 1, max_length = 256)]
    movie_id: String,
}

/// Pairs to predict.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct BatchBody {
    /// The pairs.
    #[schema(max_items = 1000)]
    pairs: Vec<PairBody>,
}

/// A visitor's ratings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingsBody {
    /// The ratings; of two of one movie the last counts.
    #[schema(max_items = 5000)]
    ratings: Vec<RatingBody>,
}

/// A rating.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct RatingBody {
    /// What was rated.
    #[schema(rename = "movieId", example = "2959", min_length = 1, max_length = 256)]
    movie_id: String,
    /// The rating, on the scale that `GET /model` tells.
    #[schema(example = 5.0, minimum = 0.5, maximum = 5.0)]
    rating: f32,
}

/// What the routes that recommend take behind the question mark.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "its fields are documentation")]
pub(crate) struct PageParameters {
    /// How many movies to recommend; 20 if missing
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only movies of this genre; GET /genres lists them
    genre: Option<String>,
    /// Only movies of this year and later
    #[param(rename = "yearFrom", minimum = 0, maximum = 65535)]
    year_from: Option<u16>,
    /// Only movies of this year and earlier
    #[param(rename = "yearTo", minimum = 0, maximum = 65535)]
    year_to: Option<u16>,
    /// Also movies that were rated
    #[param(rename = "includeRated")]
    include_rated: Option<bool>,
    /// The `next_cursor` of the page before
    #[param(max_length = 264)]
    cursor: Option<String>,
}

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

/// The errors that any route may answer.
pub(crate) struct Errors;

impl IntoResponses for Errors {
    fn responses() -> BTreeMap<String, RefOr<DocumentedResponse>> {
        [
            ("400", "`invalid_request`: the message names what is wrong"),
            ("404", "`unknown_movie`, `unknown_user` or `not_found`"),
            ("405", "`method_not_allowed`: the Allow header has the methods there are"),
            ("413", "`payload_too_large`: a body of more than 1 MB"),
            ("500", "`internal`: a bug"),
            ("501", "`not_supported`: an endpoint gives the ratings, and does not recommend"),
            ("502", "`endpoint_failed`"),
            ("503", "`model_unavailable` or `endpoint_unavailable`: try again after Retry-After"),
            ("504", "`endpoint_timeout`"),
        ]
        .into_iter()
        .map(|(status, description)| {
            let schema = RefOr::Ref(utoipa::openapi::Ref::from_schema_name("ErrorAnswer"));
            let content = Content::new(Some(schema));
            let response =
                ResponseBuilder::new().description(description).content("application/json", content);
            (status.to_owned(), RefOr::T(response.build()))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_documented() {
        let document = Document::openapi();
        let documented: BTreeSet<&str> = document.paths.paths.keys().map(String::as_str).collect();
        let routed: BTreeSet<&str> = routes::routes().into_iter().map(|(path, _)| path).collect();
        assert_eq!(routed, documented);
    }
}
