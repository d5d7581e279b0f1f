//! Objects of one bucket, read in parallel ranges and checked as they come.

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

use crate::error_chain::chain;
use crate::in_thread::in_thread;

/// One connection gives 90-100 MB/s: 8 MB are worth a request of their own.
const RANGE_BYTES: usize = 8 << 20;
/// A dozen connections fill the network of a function.
const CONNECTIONS: usize = 12;
/// How often the bytes of a range are asked for, where connections break off.
const ATTEMPTS: usize = 3;
/// How many pieces may wait to be checked: what is received must not pile up.
const PIECES: usize = 64;

/// Bytes of an object, and where they belong.
type Piece = (usize, Bytes);

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
        let first = self.get(&key, 0..RANGE_BYTES, None).await?;
        let length = total_length(&first).ok_or_else(|| self.wrong(&key, "has no length"))?;
        Ok(Begun { objects: self, key, first, length })
    }

    /// The bytes of an object that has at most `limit`.
    pub(crate) async fn fetch(&self, key: &str, limit: u64) -> Result<Vec<u8>, LoadError> {
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
        Ok(Some((bytes, etag)))
    }

    /// Asks for a range, of the object with this ETag if one is given.
    async fn get(
        &self,
        key: &str,
        range: Range<usize>,
        etag: Option<&str>,
    ) -> Result<GetObjectOutput, LoadError> {
        let range = format!("bytes={}-{}", range.start, range.end - 1);
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let request = request.set_if_match(etag.map(str::to_owned));
        // Boxed, for the futures of the SDK are large.
        Box::pin(request.send()).await.map_err(|error| self.explain(key, &error))
    }

    /// Hands on the bytes of a range. Where the connection breaks off, what is left is asked for again.
    async fn pass_on(
        &self,
        key: &str,
        mut output: GetObjectOutput,
        mut range: Range<usize>,
        pieces: &Sender<Piece>,
    ) -> Result<(), LoadError> {
        let etag = output.e_tag().map(str::to_owned);
        for _ in 1..ATTEMPTS {
            match self.pass_on_until_it_breaks(key, output, &mut range, pieces).await {
                Err(error) if error.reason == LoadReason::Unreachable => {
                    tracing::warn!(detail = error.detail, left = range.len(), "asking for the rest again");
                    output = self.get(key, range.clone(), etag.as_deref()).await?;
                }
                done => return done,
            }
        }
        self.pass_on_until_it_breaks(key, output, &mut range, pieces).await
    }

    /// Hands on bytes from the start of `range`, which becomes what is left.
    async fn pass_on_until_it_breaks(
        &self,
        key: &str,
        mut output: GetObjectOutput,
        range: &mut Range<usize>,
        pieces: &Sender<Piece>,
    ) -> Result<(), LoadError> {
        if output.content_length().map(usize::try_from) != Some(Ok(range.len())) {
            return Err(self.wrong(key, "has another length than its manifest says"));
        }
        while let Some(bytes) = output.body.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(_) if range.start == range.end => break,
                Err(error) => return Err(self.broken(key, &chain(&error))),
            };
            if bytes.len() > range.len() {
                return Err(self.wrong(key, "is longer than it says"));
            }
            let piece = (range.start, bytes);
            range.start += piece.1.len();
            if pieces.send(piece).await.is_err() {
                // Whoever checks the pieces has found a fault, which counts.
                return Ok(());
            }
        }
        if range.start == range.end {
            Ok(())
        } else {
            Err(self.broken(key, "the connection ended before the object"))
        }
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
        Err(self.wrong(&format!("has {} bytes, more than {limit}", self.length)))
    }

    /// The bytes of an object whose sum nothing tells.
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

    /// The bytes of an object that must be as expected. A thread checks them while they come.
    pub(crate) async fn read_expected(self, expected: Expected) -> Result<Verified, LoadError> {
        let length = expected.length();
        if self.length != length as u64 {
            return Err(self.wrong("has another length than its manifest says"));
        }
        let (sender, pieces) = channel(PIECES);
        let assembled = in_thread(move || assemble(expected, pieces));
        let (received, assembled) = join(self.receive(length, sender), assembled).await;
        // What broke off lacks pieces too: the cause is told.
        received?;
        Ok(assembled??)
    }

    /// Hands on all bytes, further ranges in parallel.
    async fn receive(self, length: usize, pieces: Sender<Piece>) -> Result<(), LoadError> {
        let Self { objects, key, first, .. } = self;
        let (key, pieces) = (key.as_str(), &pieces);
        let mut ranges = (0..length).step_by(RANGE_BYTES).map(|start| start..length.min(start + RANGE_BYTES));
        let first = objects.pass_on(key, first, ranges.next().unwrap_or(0..0), pieces);
        let further: Vec<_> = ranges
            .map(|range| async move {
                if pieces.is_closed() {
                    // A fault was found: the rest is not wanted.
                    return Ok(());
                }
                let output = objects.get(key, range.clone(), None).await?;
                objects.pass_on(key, output, range, pieces).await
            })
            .collect();
        let further = stream::iter(further).buffer_unordered(CONNECTIONS).try_collect();
        try_join(first, further).await.map(|((), ())| ())
    }

    fn wrong(&self, problem: &str) -> LoadError {
        self.objects.wrong(&self.key, problem)
    }
}

/// Puts together a file on a thread of its own.
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
