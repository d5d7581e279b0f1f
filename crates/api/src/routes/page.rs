//! The page, whose files are part of the program. Their paths are relative, so that it works behind any prefix.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::Segment;
use crate::error::ApiError;
use crate::openapi::Errors;

/// Nothing but what this server sends is loaded or asked, and no other page may frame this one.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct PageFile {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
}

macro_rules! page_files {
    ($($name:literal: $content_type:literal),* $(,)?) => {
        &[$(PageFile {
            name: $name,
            content_type: $content_type,
            content: include_str!(concat!("../../page/", $name)),
        }),*]
    };
}

const FILES: &[PageFile] = page_files! {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "main.js": "text/javascript; charset=utf-8",
    "api.js": "text/javascript; charset=utf-8",
    "ratings.js": "text/javascript; charset=utf-8",
    "search.js": "text/javascript; charset=utf-8",
    "recommendations.js": "text/javascript; charset=utf-8",
    "elements.js": "text/javascript; charset=utf-8",
};

/// The page to search, rate and be recommended movies
#[utoipa::path(get, path = "/", tag = "page",
    responses((status = 200, description = "The page", content_type = "text/html", body = String)))]
pub(crate) async fn page() -> Response {
    FILES[0].response()
}

/// A file of the page
#[utoipa::path(get, path = "/page/{file}", tag = "page",
    params(("file" = String, Path, description = "Its name", example = "main.js")),
    responses(
        (status = 200, description = "The file", content_type = "text/javascript", body = String),
        Errors))]
pub(crate) async fn page_file(Segment(name): Segment) -> Result<Response, ApiError> {
    let file = FILES.iter().find(|file| file.name == name).ok_or(ApiError::NotFound("the page at /"))?;
    Ok(file.response())
}

impl PageFile {
    fn response(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            // A new release is a new page.
            (header::CACHE_CONTROL, "no-cache"),
        ];
        let headers: [(HeaderName, HeaderValue); 3] =
            headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        (headers, self.content).into_response()
    }
}
