//! A model in S3, fetched in parallel ranges.

use std::future::Future;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use matinee_api::{LoadError, LoadReason, Loading, Source};
use matinee_model::artifact::{
    AlignedBuffer, ArtifactError, ArtifactFiles, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MODEL_BYTES,
    MAX_MOVIES_BYTES, MODEL_FILE, MOVIES_FILE, Manifest, read_archive,
};
use matinee_model::{Catalogue, Model};
use tokio::io::AsyncReadExt;

use crate::error_chain::chain;
use crate::model_uri::{S3Layout, S3Uri};

/// One connection gives 90-100 MB/s: 8 MB are worth a request of their own.
const RANGE_BYTES: usize = 8 << 20;
/// A dozen connections fill the network of a function.
const CONNECTIONS: usize = 12;
/// A request that waits for the model is answered before API Gateway gives up on it.
const LOAD_TIMEOUT: Duration = Duration::from_secs(25);

/// A model in S3.
#[derive(Debug, Clone)]
pub struct S3Source {
    client: Client,
    uri: S3Uri,
}

impl S3Source {
    /// A model at `uri`, read with `client`.
    pub fn new(client: Client, uri: S3Uri) -> Self {
        Self { client, uri }
    }

    async fn fetch_model(&self) -> Result<Model, LoadError> {
        let files = match &self.uri.layout {
            S3Layout::Prefix(prefix) => self.fetch_files(prefix).await?,
            S3Layout::Archive(key) => {
                let archive = self.fetch_whole(key, MAX_MODEL_BYTES).await?;
                read_archive(archive.bytes())?
            }
        };
        Ok(Model::from_files(files)?)
    }

    /// The `movies.csv` under the prefix, where no model needs to be; or that of the archive.
    async fn fetch_catalogue(&self) -> Result<Catalogue, LoadError> {
        let movies = match &self.uri.layout {
            S3Layout::Prefix(prefix) => {
                let key = format!("{prefix}{MOVIES_FILE}");
                self.fetch_whole(&key, MAX_MOVIES_BYTES).await?.bytes().to_vec()
            }
            S3Layout::Archive(key) => {
                let archive = self.fetch_whole(key, MAX_MODEL_BYTES).await?;
                read_archive(archive.bytes())?.movies
            }
        };
        Ok(Catalogue::parse(&movies).map_err(ArtifactError::from)?)
    }

    async fn in_time<T>(&self, fetching: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
        tokio::time::timeout(LOAD_TIMEOUT, fetching).await.unwrap_or_else(|_| {
            let detail = format!("{} did not come within {} s", self.uri, LOAD_TIMEOUT.as_secs());
            Err(LoadError { reason: LoadReason::Unreachable, detail })
        })
    }

    /// The manifest first, for it tells the lengths; then the other files side by side.
    async fn fetch_files(&self, prefix: &str) -> Result<ArtifactFiles, LoadError> {
        let json = self.fetch_whole(&format!("{prefix}{MANIFEST_FILE}"), MAX_MANIFEST_BYTES).await?;
        let manifest = Manifest::parse(json.bytes())?;
        let mut model = AlignedBuffer::zeroed(manifest.length(MODEL_FILE, MAX_MODEL_BYTES)?);
        let mut movies = vec![0; manifest.length(MOVIES_FILE, MAX_MOVIES_BYTES)?];
        let (model_key, movies_key) = (format!("{prefix}{MODEL_FILE}"), format!("{prefix}{MOVIES_FILE}"));
        try_join(
            self.fill(&model_key, 0, model.bytes_mut()),
            self.fill(&movies_key, 0, movies.as_mut_slice()),
        )
        .await?;
        Ok(ArtifactFiles { manifest, model, movies })
    }

    /// An object of unknown length: the first range tells it.
    async fn fetch_whole(&self, key: &str, limit: u64) -> Result<AlignedBuffer, LoadError> {
        let first = self.get(key, 0, RANGE_BYTES).await?;
        let total = total_length(&first).ok_or_else(|| self.wrong(key, "has no length"))?;
        let length = usize::try_from(total).ok().filter(|_| total <= limit);
        let length =
            length.ok_or_else(|| self.wrong(key, &format!("has {total} bytes, more than {limit}")))?;
        let mut buffer = AlignedBuffer::zeroed(length);
        let (head, tail) = buffer.bytes_mut().split_at_mut(length.min(RANGE_BYTES));
        try_join(self.read_into(key, first, head), self.fill(key, RANGE_BYTES, tail)).await?;
        Ok(buffer)
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
        let request = self.client.get_object().bucket(&self.uri.bucket).key(key).range(range);
        request.send().await.map_err(|error| self.explain(key, &error))
    }

    async fn read_into(
        &self,
        key: &str,
        output: GetObjectOutput,
        buffer: &mut [u8],
    ) -> Result<(), LoadError> {
        if output.content_length().map(usize::try_from) != Some(Ok(buffer.len())) {
            return Err(self.wrong(key, "has another length than its manifest says"));
        }
        let mut body = output.body.into_async_read();
        body.read_exact(buffer).await.map(|_| ()).map_err(|error| LoadError {
            reason: LoadReason::Unreachable,
            detail: format!("{}: {error}", self.object(key)),
        })
    }

    fn explain(&self, key: &str, error: &SdkError<GetObjectError>) -> LoadError {
        let reason = match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => LoadReason::NotFound,
            Some(401 | 403) => LoadReason::AccessDenied,
            // The range is not there: the object is shorter than the manifest says, or empty.
            Some(416) => LoadReason::Invalid,
            _ => LoadReason::Unreachable,
        };
        LoadError { reason, detail: format!("{}: {}", self.object(key), chain(error)) }
    }

    fn wrong(&self, key: &str, problem: &str) -> LoadError {
        LoadError { reason: LoadReason::Invalid, detail: format!("{} {problem}", self.object(key)) }
    }

    fn object(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.uri.bucket)
    }
}

impl Source<Model> for S3Source {
    fn load(&self) -> Loading<'_, Model> {
        Box::pin(self.in_time(self.fetch_model()))
    }
}

impl Source<Catalogue> for S3Source {
    fn load(&self) -> Loading<'_, Catalogue> {
        Box::pin(self.in_time(self.fetch_catalogue()))
    }
}

/// The length of the whole object, from `Content-Range: bytes 0-9/100`.
fn total_length(output: &GetObjectOutput) -> Option<u64> {
    match output.content_range() {
        Some(range) => range.rsplit_once('/')?.1.parse().ok(),
        None => u64::try_from(output.content_length()?).ok(),
    }
}
