//! Objects of one bucket, read in parallel ranges.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use matinee_api::{LoadError, LoadReason};
use matinee_model::artifact::AlignedBuffer;

use crate::error_chain::chain;

/// One connection gives 90-100 MB/s: 8 MB are worth a request of their own.
const RANGE_BYTES: usize = 8 << 20;
/// A dozen connections fill the network of a function.
const CONNECTIONS: usize = 12;

/// The objects of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    pub(crate) client: Client,
    pub(crate) bucket: String,
}

/// An object whose first range was asked for: its length is known, its bytes are on their way.
pub(crate) struct Begun<'a> {
    objects: &'a Objects,
    key: String,
    first: GetObjectOutput,
    length: u64,
}

impl Objects {
    /// Asks for the first range of an object, which tells its length.
    pub(crate) async fn begin(&self, key: String) -> Result<Begun<'_>, LoadError> {
        let first = self.get(&key, 0, RANGE_BYTES).await?;
        let length = total_length(&first).ok_or_else(|| self.wrong(&key, "has no length"))?;
        Ok(Begun { objects: self, key, first, length })
    }

    /// The bytes of an object that has at most `limit`.
    pub(crate) async fn fetch(&self, key: &str, limit: u64) -> Result<AlignedBuffer, LoadError> {
        self.begin(key.to_owned()).await?.at_most(limit)?.read().await
    }

    /// A small object with its ETag; `None` if it still has the ETag `known`.
    pub(crate) async fn fetch_changed(
        &self,
        key: &str,
        known: Option<&str>,
        limit: u64,
    ) -> Result<Option<(Vec<u8>, String)>, LoadError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let request = request.set_if_none_match(known.map(str::to_owned));
        let output = match Box::pin(request.send()).await {
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 304) => {
                return Ok(None);
            }
            answer => answer.map_err(|error| self.explain(key, &error))?,
        };
        let etag = output.e_tag().unwrap_or_default().to_owned();
        let length = total_length(&output).ok_or_else(|| self.wrong(key, "has no length"))?;
        let begun = Begun { objects: self, key: key.to_owned(), first: output, length };
        let bytes = begun.at_most(limit.min(RANGE_BYTES as u64))?.read().await?;
        Ok(Some((bytes.bytes().to_vec(), etag)))
    }

    /// Fills `buffer` with the bytes of an object from `offset` on, in parallel ranges.
    async fn fill(&self, key: &str, offset: usize, buffer: &mut [u8]) -> Result<(), LoadError> {
        let ranges: Vec<_> = buffer
            .chunks_mut(RANGE_BYTES)
            .enumerate()
            .map(|(index, range)| self.fill_range(key, offset + index * RANGE_BYTES, range))
            .collect();
        stream::iter(ranges).buffer_unordered(CONNECTIONS).try_collect().await
    }

    async fn fill_range(&self, key: &str, offset: usize, range: &mut [u8]) -> Result<(), LoadError> {
        let output = self.get(key, offset, range.len()).await?;
        self.read_into(key, output, range).await
    }

    async fn get(&self, key: &str, offset: usize, length: usize) -> Result<GetObjectOutput, LoadError> {
        let range = format!("bytes={offset}-{}", offset + length - 1);
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        // Boxed, for the futures of the SDK are large.
        Box::pin(request.send()).await.map_err(|error| self.explain(key, &error))
    }

    async fn read_into(
        &self,
        key: &str,
        mut output: GetObjectOutput,
        buffer: &mut [u8],
    ) -> Result<(), LoadError> {
        if output.content_length().map(usize::try_from) != Some(Ok(buffer.len())) {
            return Err(self.wrong(key, "has another length than its manifest says"));
        }
        let mut rest = buffer;
        while let Some(bytes) = output.body.next().await {
            let bytes = bytes.map_err(|error| self.broken(key, &chain(&error)))?;
            let Some((filled, left)) = rest.split_at_mut_checked(bytes.len()) else {
                return Err(self.wrong(key, "is longer than it says"));
            };
            filled.copy_from_slice(&bytes);
            rest = left;
        }
        if rest.is_empty() { Ok(()) } else { Err(self.broken(key, "the connection ended before the object")) }
    }

    fn explain(&self, key: &str, error: &SdkError<GetObjectError>) -> LoadError {
        let reason = match error.raw_response().map(|response| response.status().as_u16()) {
            // A region and credentials that are wrong look like a bucket that is not there.
            Some(404) => LoadReason::NotFound,
            Some(401 | 403) => LoadReason::AccessDenied,
            // The range is not there: the object is shorter than the manifest says, or empty.
            Some(416) => LoadReason::Invalid,
            _ => LoadReason::Unreachable,
        };
        let code = error.code().map(|code| format!("{code}: ")).unwrap_or_default();
        LoadError { reason, detail: format!("{}: {code}{}", self.name(key), chain(error)) }
    }

    pub(crate) fn wrong(&self, key: &str, problem: &str) -> LoadError {
        LoadError { reason: LoadReason::Invalid, detail: format!("{} {problem}", self.name(key)) }
    }

    fn broken(&self, key: &str, problem: &str) -> LoadError {
        LoadError { reason: LoadReason::Unreachable, detail: format!("{}: {problem}", self.name(key)) }
    }

    fn name(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

impl Begun<'_> {
    /// How long the object is.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Refuses an object of more bytes than `limit`.
    pub(crate) fn at_most(self, limit: u64) -> Result<Self, LoadError> {
        if self.length <= limit {
            return Ok(self);
        }
        let problem = format!("has {} bytes, more than {limit}", self.length);
        Err(self.objects.wrong(&self.key, &problem))
    }

    /// Refuses an object that has not just as many bytes.
    pub(crate) fn exactly(self, length: u64) -> Result<Self, LoadError> {
        if self.length == length {
            return Ok(self);
        }
        Err(self.objects.wrong(&self.key, "has another length than its manifest says"))
    }

    /// All bytes, further ranges in parallel.
    pub(crate) async fn read(self) -> Result<AlignedBuffer, LoadError> {
        let Self { objects, key, first, length } = self;
        let length = usize::try_from(length).map_err(|_| objects.wrong(&key, "does not fit into memory"))?;
        let mut buffer = AlignedBuffer::zeroed(length);
        let (head, tail) = buffer.bytes_mut().split_at_mut(length.min(RANGE_BYTES));
        try_join(objects.read_into(&key, first, head), objects.fill(&key, RANGE_BYTES, tail)).await?;
        Ok(buffer)
    }
}

/// The length of the whole object, from `Content-Range: bytes 0-9/100`.
fn total_length(output: &GetObjectOutput) -> Option<u64> {
    match output.content_range() {
        Some(range) => range.rsplit_once('/')?.1.parse().ok(),
        None => u64::try_from(output.content_length()?).ok(),
    }
}
