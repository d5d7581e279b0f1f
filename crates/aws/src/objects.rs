//! The objects of a bucket, read in parallel ranges and checked while they arrive.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use bytes::Bytes;
use futures_util::future::{join, try_join};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use matinee_model::artifact::{ArtifactError, Expected, Verified};
use matinee_serving::{LoadError, LoadReason};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::error_chain::error_chain;
use crate::in_thread::in_thread;

/// One connection gives 90-100 MB/s, so 8 MB are worth a request.
const RANGE_BYTES: usize = 8 << 20;
/// Twelve connections use the whole network bandwidth of a function.
const CONNECTIONS: usize = 12;
/// How often a range is requested if connections break.
const ATTEMPTS: usize = 3;
/// How many received pieces may wait to be checked. The limit keeps them from filling the memory.
const PIECES: usize = 64;

/// Bytes of an object, and their offset in it.
type Piece = (usize, Bytes);

/// The objects of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    pub(crate) client: Client,
    pub(crate) bucket: String,
}

/// An object whose first range was requested: its length is known, and its bytes are arriving.
pub(crate) struct OpenObject<'a> {
    objects: &'a Objects,
    key: String,
    first: GetObjectOutput,
    length: u64,
}

impl Objects {
    /// Requests the first range of an object. The answer has the length of the whole.
    pub(crate) async fn open(&self, key: String) -> Result<OpenObject<'_>, LoadError> {
        let first = self.get(&key, 0..RANGE_BYTES, None).await?;
        let length = total_length(&first).ok_or_else(|| self.wrong(&key, "has no length"))?;
        Ok(OpenObject { objects: self, key, first, length })
    }

    /// Reads an object of at most `limit` bytes.
    pub(crate) async fn fetch(&self, key: &str, limit: u64) -> Result<Vec<u8>, LoadError> {
        self.open(key.to_owned()).await?.at_most(limit)?.read().await
    }

    /// The length of an object that is not empty.
    pub(crate) async fn length(&self, key: &str) -> Result<u64, LoadError> {
        let first = self.get(key, 0..1, None).await?;
        total_length(&first).ok_or_else(|| self.wrong(key, "has no length"))
    }

    /// Reads a range of an object, without checking it.
    pub(crate) async fn fetch_range(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, LoadError> {
        let in_memory = |place: u64| usize::try_from(place).map_err(|_| self.wrong(key, "is too long"));
        let range = in_memory(range.start)?..in_memory(range.end)?;
        let output = self.get(key, range.clone(), None).await?;
        let (start, mut bytes) = (range.start, vec![0; range.len()]);
        let (sender, mut pieces) = channel::<Piece>(PIECES);
        let send = async move { self.send_range(key, output, range, &sender).await };
        let gather = async {
            while let Some((offset, piece)) = pieces.recv().await {
                bytes[offset - start..offset - start + piece.len()].copy_from_slice(&piece);
            }
        };
        join(send, gather).await.0?;
        Ok(bytes)
    }

    /// Reads a small object and its ETag; `None` if the ETag is still `known`.
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
        let object = OpenObject { objects: self, key: key.to_owned(), first: output, length };
        let bytes = object.at_most(limit.min(RANGE_BYTES as u64))?.read().await?;
        Ok(Some((bytes, etag)))
    }

    /// Requests a range. If an ETag is given, the object must have it.
    async fn get(
        &self,
        key: &str,
        range: Range<usize>,
        etag: Option<&str>,
    ) -> Result<GetObjectOutput, LoadError> {
        let range = format!("bytes={}-{}", range.start, range.end - 1);
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let request = request.set_if_match(etag.map(str::to_owned));
        // Boxed, because the futures of the SDK are large.
        Box::pin(request.send()).await.map_err(|error| self.explain(key, &error))
    }

    /// Sends the bytes of a range to `pieces`. If the connection breaks, requests the rest.
    async fn send_range(
        &self,
        key: &str,
        mut output: GetObjectOutput,
        mut range: Range<usize>,
        pieces: &Sender<Piece>,
    ) -> Result<(), LoadError> {
        let etag = output.e_tag().map(str::to_owned);
        for _ in 1..ATTEMPTS {
            match self.send_until_it_breaks(key, output, &mut range, pieces).await {
                Err(error) if error.reason == LoadReason::Unreachable => {
                    tracing::warn!(
                        detail = error.detail,
                        left = range.len(),
                        "the connection broke; requesting the rest"
                    );
                    output = self.get(key, range.clone(), etag.as_deref()).await?;
                }
                result => return result,
            }
        }
        self.send_until_it_breaks(key, output, &mut range, pieces).await
    }

    /// Sends bytes from the start of `range`. Afterwards `range` is what is still missing.
    async fn send_until_it_breaks(
        &self,
        key: &str,
        mut output: GetObjectOutput,
        range: &mut Range<usize>,
        pieces: &Sender<Piece>,
    ) -> Result<(), LoadError> {
        if output.content_length().map(usize::try_from) != Some(Ok(range.len())) {
            return Err(self.wrong(key, "does not have the length that its manifest says"));
        }
        while let Some(bytes) = output.body.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(_) if range.start == range.end => break,
                Err(error) => return Err(self.broken(key, &error_chain(&error))),
            };
            if bytes.len() > range.len() {
                return Err(self.wrong(key, "sent more bytes than it announced"));
            }
            let piece = (range.start, bytes);
            range.start += piece.1.len();
            if pieces.send(piece).await.is_err() {
                // The receiver has found a fault and reports it.
                return Ok(());
            }
        }
        if range.start == range.end {
            Ok(())
        } else {
            Err(self.broken(key, "the connection ended before the end of the object"))
        }
    }

    fn explain(&self, key: &str, error: &SdkError<GetObjectError>) -> LoadError {
        let reason = match error.raw_response().map(|response| response.status().as_u16()) {
            // A wrong region or wrong credentials look like a missing bucket.
            Some(404) => LoadReason::NotFound,
            Some(401 | 403) => LoadReason::AccessDenied,
            // The range is outside of the object, which is shorter than its manifest says, or empty.
            Some(416) => LoadReason::Invalid,
            _ => LoadReason::Unreachable,
        };
        let code = error.code().map(|code| format!("{code}: ")).unwrap_or_default();
        LoadError { reason, detail: format!("{}: {code}{}", self.name(key), error_chain(error)) }
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

impl OpenObject<'_> {
    /// The length of the object in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Refuses an object of more than `limit` bytes.
    pub(crate) fn at_most(self, limit: u64) -> Result<Self, LoadError> {
        if self.length <= limit {
            return Ok(self);
        }
        Err(self.wrong(&format!("has {} bytes, more than {limit}", self.length)))
    }

    /// Reads an object without checking it.
    pub(crate) async fn read(self) -> Result<Vec<u8>, LoadError> {
        let length = usize::try_from(self.length).map_err(|_| self.wrong("does not fit into memory"))?;
        let mut bytes = vec![0; length];
        let (sender, mut pieces) = channel::<Piece>(PIECES);
        let gather = async {
            while let Some((offset, piece)) = pieces.recv().await {
                bytes[offset..offset + piece.len()].copy_from_slice(&piece);
            }
        };
        join(self.receive(length, sender), gather).await.0?;
        Ok(bytes)
    }

    /// Reads an object that must have the expected length and digest. A thread checks the bytes while they arrive.
    pub(crate) async fn read_expected(self, expected: Expected) -> Result<Verified, LoadError> {
        let length = expected.length();
        if self.length != length as u64 {
            return Err(self.wrong("does not have the length that its manifest says"));
        }
        let (sender, pieces) = channel(PIECES);
        let assembled = in_thread(move || assemble(expected, pieces));
        let (received, assembled) = join(self.receive(length, sender), assembled).await;
        // If the connection broke, pieces are missing too: report the cause.
        received?;
        Ok(assembled??)
    }

    /// Sends all bytes to `pieces`, and requests the ranges after the first in parallel.
    async fn receive(self, length: usize, pieces: Sender<Piece>) -> Result<(), LoadError> {
        let Self { objects, key, first, .. } = self;
        let (key, pieces) = (key.as_str(), &pieces);
        let mut ranges = (0..length).step_by(RANGE_BYTES).map(|start| start..length.min(start + RANGE_BYTES));
        let first = objects.send_range(key, first, ranges.next().unwrap_or(0..0), pieces);
        let further: Vec<_> = ranges
            .map(|range| async move {
                if pieces.is_closed() {
                    // The receiver has found a fault, so the rest is not needed.
                    return Ok(());
                }
                let output = objects.get(key, range.clone(), None).await?;
                objects.send_range(key, output, range, pieces).await
            })
            .collect();
        let further = stream::iter(further).buffer_unordered(CONNECTIONS).try_collect();
        try_join(first, further).await.map(|((), ())| ())
    }

    fn wrong(&self, problem: &str) -> LoadError {
        self.objects.wrong(&self.key, problem)
    }
}

/// Assembles a file from its pieces, and checks it.
fn assemble(expected: Expected, mut pieces: Receiver<Piece>) -> Result<Verified, ArtifactError> {
    let mut assembly = expected.assemble();
    while let Some((offset, piece)) = pieces.blocking_recv() {
        assembly.put(offset, &piece)?;
    }
    assembly.finish()
}

/// The length of the whole object, from `Content-Range: bytes 0-9/100`.
fn total_length(output: &GetObjectOutput) -> Option<u64> {
    match output.content_range() {
        Some(range) => range.rsplit_once('/')?.1.parse().ok(),
        None => u64::try_from(output.content_length()?).ok(),
    }
}
