//! The program that a run executes, in the bucket: the script, and the static binary that does the arithmetic.

use aws_sdk_s3::Client;

use super::SparkError;
use crate::jobs::{JobError, service_error};

/// The release, which is a part of the keys. So after an update of the stack, no run executes an older program.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The program that is in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The script.
    pub(super) script: ProgramFile,
    /// The static binary, which the script sends along.
    pub(super) binary: ProgramFile,
}

/// One of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProgramFile {
    pub(super) uri: String,
    pub(super) etag: String,
}

impl Program {
    /// Looks for the program of this release in the bucket.
    pub(crate) async fn find(s3: &Client, bucket: &str) -> Result<Self, JobError> {
        let folder = format!("spark/{RELEASE}/");
        let listing = s3.list_objects_v2().bucket(bucket).prefix(&folder).send();
        let found = listing.await.map_err(|error| service_error("s3:ListBucket", &error))?;
        let objects = found.contents.unwrap_or_default();
        let file = |name: &str| {
            let key = format!("{folder}{name}");
            let object = objects.iter().find(|object| object.key.as_ref() == Some(&key));
            let etag = object.map(|object| object.e_tag.clone().unwrap_or_default());
            let uri = format!("s3://{bucket}/{key}");
            match etag {
                Some(etag) => Ok(ProgramFile { uri, etag }),
                None => Err(SparkError::NoProgram { bucket: bucket.to_owned(), key }),
            }
        };
        Ok(Self { script: file("train.py")?, binary: file("matinee")? })
    }

    /// Distinguishes it from other programs.
    pub(super) fn digest(&self) -> [&str; 2] {
        [&self.script.etag, &self.binary.etag]
    }
}
