//! `models/live.json`: names the live model and the models that were live before it.
//!
//! It is the only object that ever changes. Every artifact has its own place and is never modified.

use serde::{Deserialize, Serialize};

/// The size of the largest pointer that is read.
pub const MAX_POINTER_BYTES: u64 = 1 << 16;
/// How many earlier models the pointer remembers.
pub const KEPT: usize = 10;

/// The live model, and those before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivePointer {
    /// The model that is live.
    #[serde(flatten)]
    pub live: Published,
    /// The models that were live before it, newest first.
    #[serde(default)]
    pub previous: Vec<Published>,
}

/// A model that was made live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its version, which names its content.
    pub version: String,
    /// The location of its artifact.
    pub uri: String,
    /// The SHA-256 of its manifest in lower-case hexadecimal.
    pub manifest_sha256: String,
    /// When it was made live, in UTC (RFC 3339).
    pub published_at: String,
}

/// Why bytes are not a valid pointer.
#[derive(Debug, thiserror::Error)]
#[error("not a valid live model pointer: {0}")]
pub struct PointerError(#[from] serde_json::Error);

impl LivePointer {
    /// Reads a pointer. It may have fields that this release does not know.
    pub fn parse(json: &[u8]) -> Result<Self, PointerError> {
        Ok(serde_json::from_slice(json)?)
    }

    /// The pointer as it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The pointer after `next` replaces the live model of `before`.
    pub fn after(before: Option<Self>, next: Published) -> Self {
        let earlier =
            before.into_iter().flat_map(|before| std::iter::once(before.live).chain(before.previous));
        let previous = earlier.filter(|model| model.version != next.version).take(KEPT).collect();
        Self { live: next, previous }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model(version: usize) -> Published {
        Published {
            version: version.to_string(),
            uri: format!("s3://bucket/models/{version}/"),
            manifest_sha256: "00".to_owned(),
            published_at: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    fn versions(pointer: &LivePointer) -> Vec<&str> {
        pointer.previous.iter().map(|model| model.version.as_str()).collect()
    }

    #[test]
    fn the_last_ten_are_kept_once_each() {
        let mut pointer = LivePointer::after(None, model(0));
        for version in 1..15 {
            pointer = LivePointer::after(Some(pointer), model(version));
        }
        assert_eq!(versions(&pointer), ["13", "12", "11", "10", "9", "8", "7", "6", "5", "4"]);
        let back = LivePointer::after(Some(pointer), model(13));
        assert_eq!((back.live.version.as_str(), versions(&back)[..2].to_vec()), ("13", vec!["14", "12"]));
    }

    #[test]
    fn the_longest_pointer_is_read() {
        // The longest key of S3 in the bucket with the longest name, which backslashes would double.
        let longest =
            |version| Published { uri: format!("s3://{}/", "\\".repeat(63 + 1024)), ..model(version) };
        let pointer = LivePointer { live: longest(0), previous: (1..=KEPT).map(longest).collect() };
        assert!(pointer.to_json().len() as u64 <= MAX_POINTER_BYTES);
    }

    #[test]
    fn the_live_model_stands_at_the_top() {
        let pointer = LivePointer::after(None, model(1));
        let json: serde_json::Value = serde_json::from_str(&pointer.to_json()).unwrap();
        assert_eq!(json["version"], "1");
        assert_eq!(json["previous"], serde_json::json!([]));
        assert_eq!(LivePointer::parse(pointer.to_json().as_bytes()).unwrap(), pointer);
        assert!(LivePointer::parse(b"{\"version\":\"1\"}").unwrap_err().to_string().contains("uri"));
    }

    proptest! {
        #[test]
        fn a_pointer_reads_back(texts in prop::collection::vec(any::<[String; 4]>(), 1..5)) {
            let mut models = texts.into_iter().map(|[version, uri, manifest_sha256, published_at]| {
                Published { version, uri, manifest_sha256, published_at }
            });
            let pointer = LivePointer { live: models.next().unwrap(), previous: models.collect() };
            prop_assert_eq!(LivePointer::parse(pointer.to_json().as_bytes()).unwrap(), pointer);
        }

        #[test]
        fn any_bytes_are_a_pointer_or_refused(bytes: Vec<u8>) {
            if let Err(error) = LivePointer::parse(&bytes) {
                prop_assert!(error.to_string().starts_with("not a valid live model pointer: "));
            }
        }
    }
}
