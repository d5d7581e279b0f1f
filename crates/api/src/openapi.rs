//! The description of the API in `OpenAPI` 3.1. It is made from the code on first use.

mod gateway;

use axum::http::header;
use axum::response::Response;
use once_cell::sync::OnceCell;
use utoipa::OpenApi;

use crate::error::ApiError;
use crate::http::{EntityTag, Freshness, IfNoneMatch};
use crate::response::ErrorAnswer;
use crate::routes::{marks, movies, page, predictions, ratings, recommendations};
use crate::schema::NotModified;
use gateway::Gateway;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Matinee",
        description = "Predicts ratings of movies and recommends movies. A body is read as JSON whatever its \
                       content type is. In names of fields and parameters, case and `_` are ignored: \
                       `user_id` is the same as `userId`. Every error has the same form, with a stable `code`.",
    ),
    servers((url = ".", description = "The server that this document comes from")),
    paths(
        predictions::predict,
        predictions::predict_batch,
        recommendations::recommend_to_visitor,
        recommendations::recommend_together,
        recommendations::recommend_to_user,
        ratings::ratings_of_user,
        marks::rate,
        marks::unrate,
        marks::hide,
        marks::show,
        marks::forget,
        marks::rate_batch,
        movies::list_movies,
        movies::describe_movie,
        movies::similar_movies,
        movies::list_starters,
        movies::list_genres,
        predictions::describe_model,
        predictions::list_versions,
        predictions::health,
        serve,
        page::page,
        page::page_file,
    ),
    components(schemas(ErrorAnswer)),
    modifiers(&Gateway),
)]
struct Document;

/// The description of the API as JSON.
pub fn document() -> serde_json::Result<&'static str> {
    tagged_document().map(|(json, _)| json.as_str())
}

/// The description and its entity tag.
fn tagged_document() -> serde_json::Result<&'static (String, EntityTag)> {
    static DOCUMENT: OnceCell<(String, EntityTag)> = OnceCell::new();
    DOCUMENT.get_or_try_init(|| {
        let json = Document::openapi().to_json()?;
        let tag = EntityTag::of_text(&json);
        Ok((json, tag))
    })
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "The description of this API", body = Object), NotModified))]
pub(crate) async fn serve(cached: IfNoneMatch) -> Result<Response, ApiError> {
    let (json, tag) = tagged_document().map_err(|_| ApiError::Internal)?;
    let answer = || ([(header::CONTENT_TYPE, "application/json")], json.as_str());
    Ok(tag.respond(&cached, Freshness::Revalidate, answer))
}
