//! Searches a version of a file for a user, and writes the file without the user. Files are on disk while that is done, because
//! they may be larger than the memory.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};

use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use matinee_aws::error_chain;
use matinee_model::UserId;
use matinee_train::ratings::{RemovalError, without_user};

use super::files::DataVersion;
use crate::aws::account::Account;
use crate::aws::writing::Destination;
use crate::files::GZIP_MAGIC;

/// A version that contains the user.
pub struct Found {
    pub version: DataVersion,
    /// The number of ratings of the user.
    pub lines: u64,
}

/// What a version is.
pub enum Searched {
    /// Ratings, of which this many lines are of the user.
    Ratings { lines: u64 },
    /// Nothing that training reads as ratings.
    NotRatings,
}

/// A version on disk.
struct Downloaded {
    file: File,
    head: GetObjectOutput,
}

impl Searched {
    /// Reads a version.
    pub async fn read(account: &Account, bucket: &str, version: &DataVersion, user: &UserId) -> Result<Self> {
        let Downloaded { file, .. } = Downloaded::of(account, bucket, version).await?;
        match filtered(file, &mut std::io::sink(), &version.key, user) {
            Ok(lines) => Ok(Self::Ratings { lines }),
            Err(RemovalError::NotRatings) => Ok(Self::NotRatings),
            Err(error) => Err(anyhow!("s3://{bucket}/{}: {error}", version.name())),
        }
    }
}

impl Found {
    /// Removes the user from the file, if this is the version that training reads, and then removes this version.
    pub async fn remove(&self, account: &Account, bucket: &str, user: &UserId) -> Result<()> {
        let DataVersion { key, id, is_latest } = &self.version;
        if *is_latest {
            rewrite(account, bucket, &self.version, user).await?;
            say!("{key}: written without {} ratings", self.lines);
            if id == "null" {
                // The new file has taken its place.
                return Ok(());
            }
        }
        let removing = account.s3.delete_object().bucket(bucket).key(key).version_id(id).send();
        removing.await.map_err(|error| {
            anyhow!(
                "cannot remove version {id} of s3://{bucket}/{key}: {}; run the command again",
                error_chain(&error)
            )
        })?;
        say!("{key}: removed version {id}");
        Ok(())
    }
}

/// Writes the file without the user, if nobody has changed it meanwhile.
async fn rewrite(account: &Account, bucket: &str, version: &DataVersion, user: &UserId) -> Result<()> {
    let key = &version.key;
    let Downloaded { file, head } = Downloaded::of(account, bucket, version).await?;
    let rest = tempfile::NamedTempFile::new()?;
    let output = BufWriter::new(rest.reopen()?);
    if is_gzip(&file)? {
        let mut output = GzEncoder::new(output, Compression::default());
        filtered(file, &mut output, key, user)?;
        output.finish()?.flush()?;
    } else {
        let mut output = output;
        filtered(file, &mut output, key, user)?;
        output.flush()?;
    }
    let etag = head.e_tag.with_context(|| format!("s3://{bucket}/{key} has no ETag"))?;
    let destination = Destination {
        content_type: head.content_type,
        content_encoding: head.content_encoding,
        metadata: head.metadata,
        replaces: Some(etag),
        ..Destination::new(bucket, key)
    };
    destination.write(&account.s3, rest.path()).await
}

impl Downloaded {
    async fn of(account: &Account, bucket: &str, version: &DataVersion) -> Result<Self> {
        let failed = |error: String| anyhow!("cannot read s3://{bucket}/{}: {error}", version.name());
        let reading = account.s3.get_object().bucket(bucket).key(&version.key).version_id(&version.id).send();
        let mut head = reading.await.map_err(|error| failed(error_chain(&error)))?;
        let mut file = tempfile::tempfile()?;
        let mut body = std::mem::take(&mut head.body);
        while let Some(bytes) = body.next().await {
            file.write_all(&bytes.map_err(|error| failed(error_chain(&error)))?)?;
        }
        file.rewind()?;
        Ok(Self { file, head })
    }
}

/// Copies a file without the lines of the user, decompressed. Returns their number.
fn filtered(mut file: File, output: &mut dyn Write, key: &str, user: &UserId) -> Result<u64, RemovalError> {
    let is_gzip = is_gzip(&file)?;
    file.rewind()?;
    if is_gzip {
        without_user(BufReader::new(MultiGzDecoder::new(BufReader::new(file))), output, key, user.as_str())
    } else {
        without_user(BufReader::new(file), output, key, user.as_str())
    }
}

fn is_gzip(mut file: &File) -> std::io::Result<bool> {
    file.rewind()?;
    let is_gzip = BufReader::new(file).fill_buf()?.starts_with(GZIP_MAGIC);
    file.rewind()?;
    Ok(is_gzip)
}
