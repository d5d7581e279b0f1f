//! The page, whose files are part of the program. Their paths are relative, so that it works behind any prefix.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::Segment;
use crate::caching::{EntityTag, Freshness, Kept};
use crate::error::ApiError;
use crate::openapi::{Filed, Unchanged};

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
    "key.js": "text/javascript; charset=utf-8",
    "ratings.js": "text/javascript; charset=utf-8",
    "search.js": "text/javascript; charset=utf-8",
    "recommendations.js": "text/javascript; charset=utf-8",
    "elements.js": "text/javascript; charset=utf-8",
};

/// The page to search, rate and be recommended movies
#[utoipa::path(get, path = "/", tag = "page",
    responses((status = 200, description = "The page", content_type = "text/html", body = String), Unchanged))]
pub(crate) async fn page(kept: Kept) -> Response {
    FILES[0].response(&kept)
}

/// A file of the page
#[utoipa::path(get, path = "/page/{file}", tag = "page",
    params(("file" = String, Path, description = "Its name", example = "main.js")),
    responses(
        (status = 200, description = "The file", content_type = "text/javascript", body = String),
        Filed))]
pub(crate) async fn page_file(Segment(name): Segment, kept: Kept) -> Result<Response, ApiError> {
    let file = FILES.iter().find(|file| file.name == name).ok_or(ApiError::NotFound("the page at /"))?;
    Ok(file.response(&kept))
}

impl PageFile {
    /// A new release is a new page, so a kept file is asked for each time. The policy stands on a 304 as well: a browser
    /// takes over its headers.
    fn response(&self, kept: &Kept) -> Response {
        let content =
            || ([(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))], self.content);
        let mut response = EntityTag::of_text(self.content).answer(kept, Freshness::Asked, content);
        let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }
}
