//! The location of a model: a path, or a URI in S3.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The location of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelUri {
    /// A folder or a `model.tar.gz` on this machine.
    Path(PathBuf),
    /// A URI in S3.
    S3(S3Uri),
}

/// The location of a model in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Uri {
    /// The bucket.
    pub bucket: String,
    /// How the model is stored there.
    pub layout: S3Layout,
}

/// How a model is stored in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Layout {
    /// Separate files under a prefix, which is empty or ends with `/`.
    Prefix(String),
    /// A `model.tar.gz` with this key.
    Archive(String),
    /// A pointer to the live model, with this key.
    Pointer(String),
}

/// Text that is not the location of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the location of a model; write a path, s3://BUCKET/PREFIX/, s3://BUCKET/KEY.tar.gz, or s3://BUCKET/KEY.json for a pointer to one of these"
)]
pub struct ModelUriError(String);

impl FromStr for ModelUri {
    type Err = ModelUriError;

    fn from_str(text: &str) -> Result<Self, ModelUriError> {
        let wrong = || ModelUriError(text.to_owned());
        let Some(place) = text.strip_prefix("s3://") else {
            let is_path = !text.is_empty() && !text.contains("://");
            return if is_path { Ok(Self::Path(text.into())) } else { Err(wrong()) };
        };
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() || bucket.chars().any(char::is_whitespace) {
            return Err(wrong());
        }
        let layout = if key.ends_with(".tar.gz") {
            S3Layout::Archive(key.to_owned())
        } else if key.strip_suffix(".json").is_some() {
            S3Layout::Pointer(key.to_owned())
        } else if key.is_empty() || key.ends_with('/') {
            S3Layout::Prefix(key.to_owned())
        } else {
            S3Layout::Prefix(format!("{key}/"))
        };
        Ok(Self::S3(S3Uri { bucket: bucket.to_owned(), layout }))
    }
}

impl FromStr for S3Uri {
    type Err = ModelUriError;

    fn from_str(text: &str) -> Result<Self, ModelUriError> {
        match text.parse()? {
            ModelUri::S3(uri) => Ok(uri),
            ModelUri::Path(_) => Err(ModelUriError(text.to_owned())),
        }
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (S3Layout::Prefix(key) | S3Layout::Archive(key) | S3Layout::Pointer(key)) = &self.layout;
        write!(f, "s3://{}/{key}", self.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s3(bucket: &str, layout: S3Layout) -> ModelUri {
        ModelUri::S3(S3Uri { bucket: bucket.to_owned(), layout })
    }

    #[test]
    fn paths_prefixes_archives_and_pointers_are_distinguished() {
        for (text, expected) in [
            ("/opt/model", ModelUri::Path("/opt/model".into())),
            ("model.tar.gz", ModelUri::Path("model.tar.gz".into())),
            ("s3://b", s3("b", S3Layout::Prefix(String::new()))),
            ("s3://b/", s3("b", S3Layout::Prefix(String::new()))),
            ("s3://b/models/1", s3("b", S3Layout::Prefix("models/1/".to_owned()))),
            ("s3://b/models/1/", s3("b", S3Layout::Prefix("models/1/".to_owned()))),
            ("s3://b/models/live.json", s3("b", S3Layout::Pointer("models/live.json".to_owned()))),
            (
                "s3://b/job/output/model.tar.gz",
                s3("b", S3Layout::Archive("job/output/model.tar.gz".to_owned())),
            ),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "s3://", "s3:///key", "https://example.com/model", "s3://a b/c"] {
            assert!(text.parse::<ModelUri>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_reads_back_the_same(text in prop_oneof![".{0,40}", "s3://[a-z/. ]{0,40}"]) {
            match text.parse() {
                Ok(ModelUri::S3(uri)) => prop_assert_eq!(uri.to_string().parse(), Ok(uri)),
                Ok(ModelUri::Path(path)) => prop_assert_eq!(path, PathBuf::from(text)),
                Err(error) => {
                    let named = format!("`{text}` is not the location of a model");
                    prop_assert!(error.to_string().starts_with(&named));
                }
            }
        }
    }
}
