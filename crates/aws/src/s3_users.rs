//! A `users.bin` in S3. Of all of it, only the blocks with the users of a request are read, one range each.

use std::ops::Range;
use std::time::Duration;

use matinee_model::{RangeFuture, RemoteUsers};
use matinee_serving::LoadError;

use crate::objects::Objects;

/// How long a request waits for a block. API Gateway waits for 29 s.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A `users.bin` in S3.
#[derive(Debug)]
pub(crate) struct S3Users {
    objects: Objects,
    key: String,
}

impl S3Users {
    /// The object at `key`, which must have this length.
    pub(crate) async fn open(objects: Objects, key: String, length: u64) -> Result<Self, LoadError> {
        // A range of an empty object cannot be read.
        if length > 0 && objects.length(&key).await? != length {
            return Err(objects.wrong(&key, "does not have the length that its manifest says"));
        }
        Ok(Self { objects, key })
    }
}

impl RemoteUsers for S3Users {
    fn read(&self, range: Range<u64>) -> RangeFuture<'_> {
        Box::pin(async move {
            let reading = self.objects.fetch_range(&self.key, range);
            let read = tokio::time::timeout(READ_TIMEOUT, reading).await;
            let read = read.map_err(|_| format!("S3 did not answer within {} s", READ_TIMEOUT.as_secs()))?;
            read.map_err(|error| error.detail)
        })
    }
}
