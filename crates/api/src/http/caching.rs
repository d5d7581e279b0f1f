//! What clients may cache. An answer about a person is never cached. Every other answer depends only on the model or on
//! the release, and its entity tag identifies that version.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hasher};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// How long a client may use a cached answer before it must revalidate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The client revalidates it each time.
    Revalidate,
    /// A minute, because a function may use a model for about that long after it was replaced. The answer may have
    /// required a key, so shared caches must not store it.
    OneMinute,
}

/// The entity tag of an answer. It is weak, because the answer may be compressed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

/// The entity tags of the answers that the client has cached.
#[derive(Debug, Default)]
pub(crate) struct IfNoneMatch(HeaderMap);

impl EntityTag {
    /// The tag of an answer that this release makes from a model, or a catalogue, of this version.
    pub(crate) fn of_version(version: &str) -> Self {
        Self(format!("W/\"{version}-{}\"", env!("CARGO_PKG_VERSION")))
    }

    /// The tag of a text.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        Self(format!("W/\"{:016x}\"", hasher.finish()))
    }

    /// The answer with its tag, or 304 without a body if the client has it cached. `answer` is called only if needed.
    pub(crate) fn respond<R: IntoResponse>(
        &self,
        cached: &IfNoneMatch,
        freshness: Freshness,
        answer: impl FnOnce() -> R,
    ) -> Response {
        let mut response = if cached.has(self) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            answer().into_response()
        };
        // Errors are not cached.
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
            Self::Revalidate => "no-cache",
            Self::OneMinute => "private, max-age=60",
        })
    }
}

impl IfNoneMatch {
    /// Weak comparison, RFC 9110 section 8.8.3.2.
    fn has(&self, EntityTag(tag): &EntityTag) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let lists = self.0.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned();
        Ok(Self(values.map(|value| (header::IF_NONE_MATCH, value)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cached(lists: &[&'static str]) -> IfNoneMatch {
        let values = lists.iter().map(|list| (header::IF_NONE_MATCH, HeaderValue::from_static(list)));
        IfNoneMatch(values.collect())
    }

    #[test]
    fn a_cached_answer_is_found_in_any_list() {
        let tag = EntityTag("W/\"a-1\"".to_owned());
        for lists in
            [&["W/\"a-1\""][..], &["\"a-1\""], &["\"b\", W/\"a-1\""], &["\"b\"", "W/\"a-1\""], &["*"]]
        {
            assert!(cached(lists).has(&tag), "{lists:?}");
        }
        for lists in [&[][..], &["W/\"b-1\""], &["a-1"], &[""], &["W/\"a-1"]] {
            assert!(!cached(lists).has(&tag), "{lists:?}");
        }
    }

    #[test]
    fn different_texts_and_versions_have_different_tags() {
        assert_eq!(EntityTag::of_text("a"), EntityTag::of_text("a"));
        assert_ne!(EntityTag::of_text("a"), EntityTag::of_text("b"));
        assert_ne!(EntityTag::of_version("a"), EntityTag::of_version("b"));
    }

    #[test]
    fn an_error_has_no_tag() {
        let response = EntityTag::of_text("a")
            .respond(&IfNoneMatch::default(), Freshness::OneMinute, || StatusCode::BAD_REQUEST);
        assert!(response.headers().is_empty(), "{response:?}");
    }
}
