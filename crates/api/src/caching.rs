//! What a client may keep of an answer. What says something about a person is never kept; everything else is a
//! function of the model, or of the release, and its entity tag names that.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hasher};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// How long an answer may be used without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It is asked each time whether it is still the same.
    Asked,
    /// For a minute, which is how long a function may go on with a model that was replaced. An answer may have been
    /// got by a key, so no cache that others share keeps it.
    AMinute,
}

/// The entity tag of an answer. It is weak, for the answer may be compressed on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

/// The tags of answers that the client has kept.
#[derive(Debug, Default)]
pub(crate) struct Kept(HeaderMap);

impl EntityTag {
    /// The tag of what this release makes of a model, or of a catalogue, of this version.
    pub(crate) fn of_version(version: &str) -> Self {
        Self(format!("W/\"{version}-{}\"", env!("CARGO_PKG_VERSION")))
    }

    /// The tag of this text.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        Self(format!("W/\"{:016x}\"", hasher.finish()))
    }

    /// Puts the tag on an answer; without a body if the client has kept it. `answer` is not asked for in vain.
    pub(crate) fn answer<R: IntoResponse>(
        &self,
        kept: &Kept,
        freshness: Freshness,
        answer: impl FnOnce() -> R,
    ) -> Response {
        let mut response =
            if kept.has(self) { StatusCode::NOT_MODIFIED.into_response() } else { answer().into_response() };
        // An error is about this moment.
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            let headers = response.headers_mut();
            if let Ok(tag) = HeaderValue::from_str(&self.0) {
                headers.insert(header::ETAG, tag);
            }
            headers.insert(header::CACHE_CONTROL, freshness.directive());
        }
        response
    }
}

impl Freshness {
    fn directive(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Asked => "no-cache",
            Self::AMinute => "private, max-age=60",
        })
    }
}

impl Kept {
    /// Weak comparison, RFC 9110 section 8.8.3.2.
    fn has(&self, EntityTag(tag): &EntityTag) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let lists = self.0.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Kept {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned();
        Ok(Self(values.map(|value| (header::IF_NONE_MATCH, value)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lists: &[&'static str]) -> Kept {
        let values = lists.iter().map(|list| (header::IF_NONE_MATCH, HeaderValue::from_static(list)));
        Kept(values.collect())
    }

    #[test]
    fn a_kept_answer_is_found_in_any_list() {
        let tag = EntityTag("W/\"a-1\"".to_owned());
        for lists in
            [&["W/\"a-1\""][..], &["\"a-1\""], &["\"b\", W/\"a-1\""], &["\"b\"", "W/\"a-1\""], &["*"]]
        {
            assert!(kept(lists).has(&tag), "{lists:?}");
        }
        for lists in [&[][..], &["W/\"b-1\""], &["a-1"], &[""], &["W/\"a-1"]] {
            assert!(!kept(lists).has(&tag), "{lists:?}");
        }
    }

    #[test]
    fn another_text_or_version_has_another_tag() {
        assert_eq!(EntityTag::of_text("a"), EntityTag::of_text("a"));
        assert_ne!(EntityTag::of_text("a"), EntityTag::of_text("b"));
        assert_ne!(EntityTag::of_version("a"), EntityTag::of_version("b"));
    }

    #[test]
    fn an_error_carries_no_tag() {
        let response =
            EntityTag::of_text("a").answer(&Kept::default(), Freshness::AMinute, || StatusCode::BAD_REQUEST);
        assert!(response.headers().is_empty(), "{response:?}");
    }
}
