//! The description of the API, `OpenAPI` 3.1, made from the code when it is first asked for.

mod bodies;
mod errors;
mod gateway;
mod parameters;

use std::sync::OnceLock;

use axum::http::header;
use axum::response::Response;
use utoipa::OpenApi;

use crate::caching::{EntityTag, Freshness, Kept};
use crate::routes;

pub(crate) use bodies::{BatchBody, PairBody, RatingsBody};
pub(crate) use errors::*;
use gateway::Gateway;
pub(crate) use parameters::{BrowseParameters, PageParameters, SimilarParameters};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Matinee",
        description = "Predicted ratings and recommendations of movies. Bodies are read as JSON whatever their \
                       content type. Names of fields and parameters are read in any case, with `_` or without: \
                       `user_id` is `userId`. Every error has the same form, with a stable `code`.",
    ),
    servers((url = ".", description = "Where this document comes from")),
    paths(
        routes::predict,
        routes::predict_batch,
        routes::recommend_to_visitor,
        routes::recommend_to_user,
        routes::list_movies,
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
    modifiers(&Gateway),
)]
struct Document;

/// The description of the API as JSON.
pub fn document() -> &'static str {
    &described().0
}

/// The document, and its tag.
fn described() -> &'static (String, EntityTag) {
    static DOCUMENT: OnceLock<(String, EntityTag)> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let json = Document::openapi().to_json().unwrap_or_default();
        let tag = EntityTag::of_text(&json);
        (json, tag)
    })
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "The description of this API", body = Object), Unchanged))]
pub(crate) async fn serve(kept: Kept) -> Response {
    let (json, tag) = described();
    tag.answer(&kept, Freshness::Asked, || ([(header::CONTENT_TYPE, "application/json")], json.as_str()))
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
