//! The ratings in the bucket: the objects that the console, `aws s3 cp` or `matinee aws upload` put under `data/`.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use matinee_model::data_files::{AmbiguousFiles, DataFiles};

use matinee_model::artifact::sha256_hex;

use crate::error_chain::{error_chain, is_transient};

/// The prefix of the data.
pub const DATA_PREFIX: &str = "data/";

/// An object under [`DATA_PREFIX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataObject {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub length: u64,
    /// When it was uploaded, in seconds since 1970.
    pub modified: i64,
    /// Its `ETag`, without quotes.
    pub etag: String,
}

/// Identifies one state of the data: the first twelve hexadecimal digits of a digest of every file's key, length, `ETag`
/// and date.
///
/// Equal digests mean equal bytes. If a file is uploaded again, its date changes, and so does the digest, even if the
/// bytes are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDigest(String);

impl DataDigest {
    /// Its length in characters.
    pub const LENGTH: usize = 12;

    /// The digest of these objects. Their order does not matter.
    pub fn of(data: &[DataObject]) -> Self {
        let mut lines: Vec<String> = data.iter().map(DataObject::line).collect();
        lines.sort_unstable();
        let mut digits = sha256_hex(lines.concat().as_bytes());
        digits.truncate(Self::LENGTH);
        Self(digits)
    }

    /// Reads a digest; `None` if the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == Self::LENGTH && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DataObject {
    /// The line that goes into the digest. A key may contain any character, so its length comes first.
    fn line(&self) -> String {
        let Self { key, length, modified, etag } = self;
        format!("{} {key} {length} {etag} {modified}\n", key.len())
    }
}

/// Why there is nothing to train on.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The bucket cannot be listed.
    #[error("cannot list s3://{bucket}/{DATA_PREFIX}: {problem}")]
    Unreadable {
        /// The bucket.
        bucket: String,
        /// The error.
        problem: String,
        /// Whether the same call may succeed later.
        is_transient: bool,
    },
    /// There are no ratings.
    #[error(
        "s3://{bucket}/{DATA_PREFIX} has no ratings.csv ({found}); upload it, for example with `matinee aws upload`"
    )]
    NoRatings {
        /// The bucket.
        bucket: String,
        /// What is there instead.
        found: String,
    },
    /// The same data is there twice, and a training job would not know which to read.
    #[error("{DATA_PREFIX}: {0}")]
    BothThere(#[from] AmbiguousFiles),
}

/// Lists the data. Fails if there are no ratings.
pub async fn list_data(client: &Client, bucket: &str) -> Result<Vec<DataObject>, DataError> {
    let objects = list_data_prefix(client, bucket).await?;
    if !data_files(&objects)?.ratings.is_empty() {
        return Ok(objects);
    }
    let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).take(10).collect();
    let found =
        if keys.is_empty() { "it is empty".to_owned() } else { format!("it holds {}", keys.join(", ")) };
    Err(DataError::NoRatings { bucket: bucket.to_owned(), found })
}

/// Lists what lies under [`DATA_PREFIX`], whether or not it can be learned from.
pub async fn list_data_prefix(client: &Client, bucket: &str) -> Result<Vec<DataObject>, DataError> {
    let mut objects = Vec::new();
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(DATA_PREFIX).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| unreadable(bucket, &error))?;
        objects.extend(page.contents.unwrap_or_default().into_iter().map(|object| DataObject {
            key: object.key.unwrap_or_default(),
            length: object.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
            modified: object.last_modified.map(|time| time.secs()).unwrap_or_default(),
            etag: object.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
        }));
    }
    Ok(objects)
}

/// The files that a training job would read, by the same rules. Paths are relative to [`DATA_PREFIX`].
pub fn data_files(objects: &[DataObject]) -> Result<DataFiles, AmbiguousFiles> {
    let relative =
        |object: &DataObject| Some((object.key.strip_prefix(DATA_PREFIX)?.to_owned(), object.length));
    DataFiles::choose(objects.iter().filter_map(relative))
}

fn unreadable<E>(bucket: &str, error: &SdkError<E, HttpResponse>) -> DataError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let code = error.code().unwrap_or_default();
    DataError::Unreadable {
        bucket: bucket.to_owned(),
        problem: format!("{code} {}", error_chain(error)),
        is_transient: is_transient(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object() -> impl Strategy<Value = DataObject> {
        ("data/.{0,3}", 0..3_u64, 0..3_i64, "[ab]{0,2}")
            .prop_map(|(key, length, modified, etag)| DataObject { key, length, modified, etag })
    }

    proptest! {
        #[test]
        fn digests_are_equal_if_and_only_if_the_states_are(
            mut one in prop::collection::vec(object(), 0..4),
            mut two in prop::collection::vec(object(), 0..4),
        ) {
            let digests = [DataDigest::of(&one), DataDigest::of(&two)];
            let order = |a: &DataObject, b: &DataObject| a.line().cmp(&b.line());
            one.sort_by(order);
            two.sort_by(order);
            prop_assert_eq!(digests[0] == digests[1], one == two);
            prop_assert_eq!(&digests[0], &DataDigest::of(&one), "the order of the objects does not matter");
            prop_assert_eq!(DataDigest::parse(digests[0].as_str()), Some(digests[0].clone()));
        }
    }

    #[test]
    fn other_text_is_not_a_digest() {
        for text in ["", "120000", "0123456789ABC", "0123456789Ab", "staging-0123"] {
            assert_eq!(DataDigest::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ratings_are_recognised_among_other_files() {
        for (key, length, expected) in [
            ("data/ratings.csv", 10, true),
            ("data/ratings.csv.gz", 10, true),
            ("data/2024/part-1.csv", 10, true),
            ("data/ratings.csv", 0, false),
            ("data/movies.csv", 10, false),
            ("data/genome-tags.csv", 10, false),
            ("data/README.txt", 10, false),
            ("data/", 0, false),
            ("data/ratings.csv/part-00000.csv", 10, true),
            ("data/ratings/000000_0", 10, true),
            ("data/ratings/part-1.txt", 10, true),
            ("data/part-1.txt", 10, false),
            ("data/ml-1m/ratings.dat", 10, true),
            ("data/u.data", 10, true),
            ("data/ratings.csv/_SUCCESS", 10, false),
            ("data/.ipynb_checkpoints/ratings.csv", 10, false),
            ("data/._ratings.csv", 10, false),
        ] {
            let object = DataObject { key: key.to_owned(), length, modified: 0, etag: String::new() };
            assert_eq!(!data_files(&[object]).unwrap().ratings.is_empty(), expected, "{key}");
        }
    }
}
