//! Writes files of any size into the bucket. S3 takes at most 5 GiB in one request, so a large file is sent in parts.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use matinee_aws::error_chain;

/// A file that is not larger is written by one request, and other files in parts of this size or more. S3 demands 5 MiB.
const PART: u64 = 16 << 20;

/// S3 accepts no more parts.
const MAX_PARTS: u64 = 10_000;

/// Where a file is written, and with what.
pub struct Destination<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// The type of the content.
    pub content_type: Option<String>,
    /// How the content is compressed.
    pub content_encoding: Option<String>,
    /// Metadata that somebody has given the object.
    pub metadata: Option<HashMap<String, String>>,
    /// The `ETag` of the object that is replaced. If it has another one by then, nothing is written.
    pub replaces: Option<String>,
}

/// A call that failed.
struct Failed {
    status: Option<u16>,
    reason: String,
}

impl<'a> Destination<'a> {
    /// An object without metadata, whether it replaces another or not.
    pub fn new(bucket: &'a str, key: &'a str) -> Self {
        Self { bucket, key, content_type: None, content_encoding: None, metadata: None, replaces: None }
    }

    /// Writes the file.
    pub async fn write(&self, client: &Client, path: &Path) -> Result<()> {
        let length = path.metadata().map(|metadata| metadata.len());
        let length = length.with_context(|| format!("cannot read {}", path.display()))?;
        // A large file may take as long as it needs.
        let patient = client.config().to_builder().timeout_config(TimeoutConfig::disabled()).build();
        let client = Client::from_conf(patient);
        let written = if length <= PART {
            self.put(&client, path).await
        } else {
            self.put_in_parts(&client, path, length).await
        };
        let (bucket, key) = (self.bucket, self.key);
        written.map_err(|Failed { status, reason }| match status {
            Some(409 | 412) if self.replaces.is_some() => {
                anyhow!("somebody else has replaced s3://{bucket}/{key} meanwhile; run the command again")
            }
            _ => anyhow!("cannot write s3://{bucket}/{key}: {reason}; run the command again"),
        })
    }

    async fn put(&self, client: &Client, path: &Path) -> Result<(), Failed> {
        let body = ByteStream::from_path(path).await.map_err(Failed::to_read)?;
        let request = client.put_object().bucket(self.bucket).key(self.key).body(body);
        let request = request
            .set_if_match(self.replaces.clone())
            .set_content_type(self.content_type.clone())
            .set_content_encoding(self.content_encoding.clone())
            .set_metadata(self.metadata.clone());
        request.send().await.map_err(Failed::of)?;
        Ok(())
    }

    /// What was sent by an upload that failed is removed, here or by the bucket after a week.
    async fn put_in_parts(&self, client: &Client, path: &Path, length: u64) -> Result<(), Failed> {
        let request = client.create_multipart_upload().bucket(self.bucket).key(self.key);
        let request = request
            .set_content_type(self.content_type.clone())
            .set_content_encoding(self.content_encoding.clone())
            .set_metadata(self.metadata.clone());
        let begun = request.send().await.map_err(Failed::of)?;
        let id = begun.upload_id.ok_or_else(|| Failed::because("S3 began no upload in parts"))?;
        let written = async {
            let parts = self.send_parts(client, &id, path, length).await?;
            self.complete(client, &id, parts).await
        };
        let written = written.await;
        if written.is_err() {
            let removing = client.abort_multipart_upload().bucket(self.bucket).key(self.key).upload_id(&id);
            if let Err(error) = removing.send().await {
                eprintln!(
                    "note: the parts that were sent are removed within a week: {}",
                    error_chain(&error)
                );
            }
        }
        written
    }

    async fn send_parts(
        &self,
        client: &Client,
        id: &str,
        path: &Path,
        length: u64,
    ) -> Result<Vec<CompletedPart>, Failed> {
        let mut parts = Vec::new();
        for (number, (offset, length)) in (1..).zip(parts_of(length)) {
            let body = ByteStream::read_from().path(path).offset(offset).length(Length::Exact(length));
            let body = body.build().await.map_err(Failed::to_read)?;
            let request = client.upload_part().bucket(self.bucket).key(self.key).upload_id(id);
            let sent = request.part_number(number).body(body).send().await.map_err(Failed::of)?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
            parts.push(part.set_checksum_crc32(sent.checksum_crc32).build());
        }
        Ok(parts)
    }

    async fn complete(&self, client: &Client, id: &str, parts: Vec<CompletedPart>) -> Result<(), Failed> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = client.complete_multipart_upload().bucket(self.bucket).key(self.key).upload_id(id);
        let request = request.multipart_upload(parts).set_if_match(self.replaces.clone());
        request.send().await.map_err(Failed::of)?;
        Ok(())
    }
}

/// Offset and length of each part of a file of this length.
fn parts_of(length: u64) -> impl Iterator<Item = (u64, u64)> {
    let part = length.div_ceil(MAX_PARTS).max(PART);
    (0..length.div_ceil(part)).map(move |index| {
        let offset = index * part;
        (offset, part.min(length - offset))
    })
}

impl Failed {
    fn of<E: ProvideErrorMetadata + std::error::Error + 'static>(error: SdkError<E>) -> Self {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        Self { status, reason: error_chain(&error) }
    }

    fn to_read(error: impl std::fmt::Display) -> Self {
        Self { status: None, reason: format!("the file cannot be read: {error}") }
    }

    fn because(reason: &str) -> Self {
        Self { status: None, reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_all_of_a_file_and_never_too_many() {
        const MB: u64 = 1 << 20;
        for length in [PART + 1, 2 * PART, 2 * PART + 1, 6 << 30, 5 << 40, (5 << 40) - 1] {
            let parts: Vec<_> = parts_of(length).collect();
            assert!((2..=10_000).contains(&parts.len()), "{length}: {} parts", parts.len());
            let mut end = 0;
            for &(offset, length) in &parts {
                assert_eq!(offset, end);
                end += length;
            }
            assert_eq!(end, length);
            let (last, others) = parts.split_last().unwrap();
            assert!(last.1 > 0 && others.iter().all(|(_, length)| (5 * MB..=5120 * MB).contains(length)));
        }
    }
}
