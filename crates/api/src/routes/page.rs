//! The page. Its files are part of the program, and it refers to them by relative paths, so it works behind any prefix.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::error::ApiError;
use crate::http::{EntityTag, Freshness, IfNoneMatch, PathSegment};
use crate::schema::{NotModified, PageFileErrors};

/// The page loads and requests nothing from other servers, and no other page may frame it.
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
    "address.js": "text/javascript; charset=utf-8",
    "api.js": "text/javascript; charset=utf-8",
    "cards.js": "text/javascript; charset=utf-8",
    "elements.js": "text/javascript; charset=utf-8",
    "files.js": "text/javascript; charset=utf-8",
    "hidden.js": "text/javascript; charset=utf-8",
    "key.js": "text/javascript; charset=utf-8",
    "main.js": "text/javascript; charset=utf-8",
    "mine.js": "text/javascript; charset=utf-8",
    "model.js": "text/javascript; charset=utf-8",
    "movie.js": "text/javascript; charset=utf-8",
    "notice.js": "text/javascript; charset=utf-8",
    "poster.js": "text/javascript; charset=utf-8",
    "ratings.js": "text/javascript; charset=utf-8",
    "recommendations.js": "text/javascript; charset=utf-8",
    "search.js": "text/javascript; charset=utf-8",
    "someone.js": "text/javascript; charset=utf-8",
    "stars.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "strings.js": "text/javascript; charset=utf-8",
    "titles.js": "text/javascript; charset=utf-8",
    "together.js": "text/javascript; charset=utf-8",
};

/// The page, where visitors search for movies, rate them and get recommendations
#[utoipa::path(get, path = "/", tag = "page",
    responses((status = 200, description = "The page", content_type = "text/html", body = String), NotModified))]
pub(crate) async fn page(cached: IfNoneMatch) -> Response {
    FILES[0].response(&cached)
}

/// A file of the page
#[utoipa::path(get, path = "/page/{file}", tag = "page",
    params(("file" = String, Path, description = "Its name", example = "main.js")),
    responses(
        (status = 200, description = "The file", content_type = "text/javascript", body = String),
        PageFileErrors))]
pub(crate) async fn page_file(
    PathSegment(name): PathSegment,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let file = FILES
        .iter()
        .find(|file| file.name == name)
        .ok_or(ApiError::NotFound("GET / answers with the page"))?;
    Ok(file.response(&cached))
}

impl PageFile {
    /// A new release has a new page, so a browser revalidates its cached files each time. A 304 carries the policy as
    /// well, because a browser updates the cached headers from it.
    fn response(&self, cached: &IfNoneMatch) -> Response {
        let content =
            || ([(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))], self.content);
        let mut response = EntityTag::of_text(self.content).respond(cached, Freshness::Revalidate, content);
        let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }
}
