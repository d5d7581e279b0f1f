//! The headers that tell browsers what they must not do with an answer. Every answer carries them, errors included.

use axum::http::{HeaderName, HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

/// An answer is data. If a browser shows it as a page anyway, the page can do nothing, and no other page can frame it.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

type SetHeader = SetResponseHeaderLayer<HeaderValue>;

/// Sets each header unless the answer already has it. The page has a policy of its own.
pub(super) fn headers() -> (SetHeader, SetHeader, SetHeader, SetHeader) {
    let set = |name: HeaderName, value: HeaderValue| SetResponseHeaderLayer::if_not_present(name, value);
    (
        set(header::CONTENT_SECURITY_POLICY, DATA_POLICY),
        set(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        set(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // Most answers are about a person, and they change with the model.
        set(header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    )
}
