//! The headers by which an answer tells browsers what not to do with it. Every answer carries them, errors too.

use axum::http::{HeaderName, HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

/// An answer is data: were a browser to take it for a page, that page could do nothing and be framed by nobody.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

type Set = SetResponseHeaderLayer<HeaderValue>;

/// Sets each header that an answer does not carry already: the page has a policy of its own.
pub(crate) fn headers() -> (Set, Set, Set, Set) {
    let set = |name: HeaderName, value: HeaderValue| SetResponseHeaderLayer::if_not_present(name, value);
    (
        set(header::CONTENT_SECURITY_POLICY, DATA_POLICY),
        set(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        set(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // Answers are about persons, and change with the model.
        set(header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    )
}
