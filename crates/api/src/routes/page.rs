//! The page. Its files are part of the program, and it refers to them by relative paths, so it works behind any prefix.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::error::ApiError;
use crate::http::{ConfiguredSignIn, EntityTag, Freshness, IfNoneMatch, PathSegment, SignInPage};
use crate::schema::{NotModified, PageFileErrors};

/// Tells the page where people sign in. It is made from the configuration, and empty if they do not.
const SIGN_IN_FILE: &str = "sign-in.json";

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
    "signin.js": "text/javascript; charset=utf-8",
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
pub(crate) async fn page(cached: IfNoneMatch, ConfiguredSignIn(sign_in): ConfiguredSignIn) -> Response {
    FILES[0].response(&cached, sign_in.as_deref())
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
    ConfiguredSignIn(sign_in): ConfiguredSignIn,
) -> Result<Response, ApiError> {
    if name == SIGN_IN_FILE {
        return sign_in_file(&cached, sign_in.as_deref());
    }
    let file = FILES
        .iter()
        .find(|file| file.name == name)
        .ok_or(ApiError::NotFound("GET / answers with the page"))?;
    Ok(file.response(&cached, sign_in.as_deref()))
}

fn sign_in_file(cached: &IfNoneMatch, sign_in: Option<&SignInPage>) -> Result<Response, ApiError> {
    let content = match sign_in {
        None => "{}".to_owned(),
        Some(page) => serde_json::to_string(page).map_err(|_| ApiError::Internal)?,
    };
    let tag = EntityTag::of_text(&content);
    Ok(tag.respond(cached, Freshness::Revalidate, || ([(header::CONTENT_TYPE, "application/json")], content)))
}

/// The page loads and requests nothing from other servers, but for the one that people sign in at, and no other page may
/// frame it.
fn security_policy(sign_in: Option<&SignInPage>) -> Option<HeaderValue> {
    let other = sign_in.map(|page| format!(" {}", page.origin())).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{other}; img-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}

impl PageFile {
    /// A new release has a new page, so a browser revalidates its cached files each time. A 304 carries the policy as
    /// well, because a browser updates the cached headers from it.
    fn response(&self, cached: &IfNoneMatch, sign_in: Option<&SignInPage>) -> Response {
        let content =
            || ([(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))], self.content);
        let mut response = EntityTag::of_text(self.content).respond(cached, Freshness::Revalidate, content);
        // Without one, the answer would get the policy of data, which forbids more.
        if let Some(policy) = security_policy(sign_in) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
