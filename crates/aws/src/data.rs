//! The ratings in the bucket: `data/` as the console, `aws s3 cp` and `matinee aws upload` leave it.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use matinee_model::data_files::{AmbiguousFiles, DataFiles};

use matinee_model::artifact::sha256_hex;

use crate::error_chain::{chain, is_transient};

/// The prefix under which data lie.
pub const DATA_PREFIX: &str = "data/";

/// An object under [`DATA_PREFIX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataObject {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub length: u64,
    /// When it was put there, in seconds since 1970.
    pub modified: i64,
    /// Names its content, without quotes.
    pub etag: String,
}

/// Names one state of the data: twelve hexadecimal digits over every file's key, length, `ETag` and date.
///
/// Equal digests mean equal bytes. A file that is uploaded again has another date, so it makes another state
/// even if its bytes are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDigest(String);

impl DataDigest {
    /// How many characters it has.
    pub const LENGTH: usize = 12;

    /// The digest of these objects, in whatever order they are listed.
    pub fn of(data: &[DataObject]) -> Self {
        let mut lines: Vec<String> = data.iter().map(DataObject::line).collect();
        lines.sort_unstable();
        let mut digits = sha256_hex(lines.concat().as_bytes());
        digits.truncate(Self::LENGTH);
        Self(digits)
    }

    /// The digest that is written like this; `None` if the text is not one.
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
    /// What the digest takes in. A key may hold any character, so its length comes first.
    fn line(&self) -> String {
        let Self { key, length, modified, etag } = self;
        format!("{} {key} {length} {etag} {modified}\n", key.len())
    }
}

/// Why there is nothing to learn from.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The bucket does not tell what it holds.
    #[error("cannot list s3://{bucket}/{DATA_PREFIX}: {problem}")]
    Unreadable {
        /// The bucket.
        bucket: String,
        /// What it said.
        problem: String,
        /// Whether the same call may succeed in a while.
        is_transient: bool,
    },
    /// There are no ratings.
    #[error(
        "s3://{bucket}/{DATA_PREFIX} holds no ratings.csv ({found}); upload it, for example with `matinee aws upload`"
    )]
    NoRatings {
        /// The bucket.
        bucket: String,
        /// What it holds instead.
        found: String,
    },
    /// A training job would not know what to read.
    #[error("{DATA_PREFIX}: {0}")]
    BothThere(#[from] AmbiguousFiles),
}

/// Lists the data, which must have ratings among them.
pub async fn list_data(client: &Client, bucket: &str) -> Result<Vec<DataObject>, DataError> {
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
    if has_ratings(&objects)? {
        return Ok(objects);
    }
    let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).take(10).collect();
    let found =
        if keys.is_empty() { "it is empty".to_owned() } else { format!("it holds {}", keys.join(", ")) };
    Err(DataError::NoRatings { bucket: bucket.to_owned(), found })
}

/// Whether a training job would find ratings among these, which it does by the same rules.
fn has_ratings(objects: &[DataObject]) -> Result<bool, DataError> {
    let relative =
        |object: &DataObject| Some((object.key.strip_prefix(DATA_PREFIX)?.to_owned(), object.length));
    Ok(!DataFiles::choose(objects.iter().filter_map(relative))?.ratings.is_empty())
}

fn unreadable<E>(bucket: &str, error: &SdkError<E, HttpResponse>) -> DataError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let code = error.code().unwrap_or_default();
    DataError::Unreadable {
        bucket: bucket.to_owned(),
        problem: format!("{code} {}", chain(error)),
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
        fn equal_states_alone_have_equal_digests(
            mut one in prop::collection::vec(object(), 0..4),
            mut two in prop::collection::vec(object(), 0..4),
        ) {
            let digests = [DataDigest::of(&one), DataDigest::of(&two)];
            let order = |a: &DataObject, b: &DataObject| a.line().cmp(&b.line());
            one.sort_by(order);
            two.sort_by(order);
            prop_assert_eq!(digests[0] == digests[1], one == two);
            prop_assert_eq!(&digests[0], &DataDigest::of(&one), "the order of a listing does not matter");
            prop_assert_eq!(DataDigest::parse(digests[0].as_str()), Some(digests[0].clone()));
        }
    }

    #[test]
    fn a_text_of_another_form_is_not_a_digest() {
        for text in ["", "120000", "0123456789ABC", "0123456789Ab", "staging-0123"] {
            assert_eq!(DataDigest::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ratings_are_told_from_what_lies_beside_them() {
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
            assert_eq!(has_ratings(&[object]).unwrap(), expected, "{key}");
        }
    }
}
