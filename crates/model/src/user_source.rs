//! Where the users of a model are: in memory, in a `users.bin` on this machine, or in one on a network.
//!
//! A block is read when one of its users is asked for, and the blocks that were read last stay in memory. A block that is
//! damaged is an error for its own users alone.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::artifact::{AlignedBuffer, ArtifactError, USERS_FILE, UserBlock, UserIndex, UserShape};
use crate::{TrainedUser, UserError};

/// The blocks that stay in memory have at most this many bytes in all.
const CACHED_BYTES: usize = 4 << 20;

/// Where the users of a model are.
#[derive(Debug)]
pub enum UserSource {
    /// In `model.safetensors`, and so in memory.
    Tensors,
    /// In a `users.bin` that is in memory, because it came in an archive.
    Bytes(AlignedBuffer),
    /// In a `users.bin` on this machine. The file stays open, so that it may be replaced while it is used.
    File(Mutex<File>),
    /// In a `users.bin` on a network.
    Remote(Box<dyn RemoteUsers>),
}

/// A `users.bin` on a network.
pub trait RemoteUsers: fmt::Debug + Send + Sync + 'static {
    /// Reads a range of bytes.
    fn read(&self, range: Range<u64>) -> RangeFuture<'_>;
}

/// A read in progress. The error says what happened.
pub type RangeFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;

impl UserSource {
    /// A `users.bin` in memory, which must have this length.
    pub(crate) fn bytes(users: AlignedBuffer, length: u64) -> Result<Self, ArtifactError> {
        match users.bytes().len() as u64 {
            found if found == length => Ok(Self::Bytes(users)),
            found => Err(ArtifactError::Length { file: USERS_FILE, expected: length, found }),
        }
    }

    /// Opens the `users.bin` in a folder, which must have this length.
    pub(crate) fn open(folder: &Path, length: u64) -> Result<Self, ArtifactError> {
        let path = folder.join(USERS_FILE);
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((found, file)) if found == length => Ok(Self::File(Mutex::new(file))),
            Ok((found, _)) => Err(ArtifactError::Length { file: USERS_FILE, expected: length, found }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(ArtifactError::Missing { path: folder.to_owned(), file: USERS_FILE })
            }
            Err(source) => Err(ArtifactError::Io { path, source }),
        }
    }

    /// Reads a range without waiting for a network. On this machine that takes less time than a thread switch, because
    /// the file is usually in the page cache.
    fn read_here(&self, range: &Range<u64>) -> Result<AlignedBuffer, UserError> {
        let cut_short = || UserError::Unreadable("it is shorter than its index says".to_owned());
        let length = usize::try_from(range.end - range.start).map_err(|_| cut_short())?;
        match self {
            Self::Tensors | Self::Remote(_) => Err(UserError::Remote),
            Self::Bytes(all) => {
                let start = usize::try_from(range.start).map_err(|_| cut_short())?;
                let bytes = all.bytes().get(start..start + length).ok_or_else(cut_short)?;
                Ok(AlignedBuffer::from(bytes))
            }
            Self::File(file) => {
                let mut buffer = AlignedBuffer::zeroed(length);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let read =
                    file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(buffer.bytes_mut()));
                read.map_err(|error| UserError::Unreadable(error.to_string()))?;
                Ok(buffer)
            }
        }
    }
}

/// The users in a `users.bin`, and the blocks that were read last.
#[derive(Debug)]
pub(crate) struct StoredUsers {
    source: UserSource,
    recent: Mutex<RecentBlocks>,
}

/// Blocks that stay in memory, the one that was used last at the end.
#[derive(Debug, Default)]
struct RecentBlocks {
    blocks: VecDeque<(usize, Arc<UserBlock>)>,
    bytes: usize,
}

impl StoredUsers {
    pub(crate) fn new(source: UserSource) -> Self {
        Self { source, recent: Mutex::default() }
    }

    /// Looks up a user. One that is not there costs one read, or none if the index shows it.
    pub(crate) async fn find(
        &self,
        id: &str,
        index: UserIndex<'_>,
        shape: UserShape,
    ) -> Result<Option<TrainedUser>, UserError> {
        let UserSource::Remote(remote) = &self.source else { return self.find_here(id, index, shape) };
        let Some(block) = index.block_of(id) else { return Ok(None) };
        if let Some(recent) = self.recent(block) {
            return Ok(recent.find(id));
        }
        let bytes = remote.read(index.range(block)).await.map_err(UserError::Unreadable)?;
        let bytes = AlignedBuffer::from(bytes.as_slice());
        Ok(self.keep(block, UserBlock::parse(bytes, block, index, shape)?).find(id))
    }

    /// The same, without waiting for a network.
    pub(crate) fn find_here(
        &self,
        id: &str,
        index: UserIndex<'_>,
        shape: UserShape,
    ) -> Result<Option<TrainedUser>, UserError> {
        let Some(block) = index.block_of(id) else { return Ok(None) };
        if let Some(recent) = self.recent(block) {
            return Ok(recent.find(id));
        }
        let bytes = self.source.read_here(&index.range(block))?;
        Ok(self.keep(block, UserBlock::parse(bytes, block, index, shape)?).find(id))
    }

    fn recent(&self, block: usize) -> Option<Arc<UserBlock>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).find(block)
    }

    fn keep(&self, block: usize, parsed: UserBlock) -> Arc<UserBlock> {
        let parsed = Arc::new(parsed);
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).add(block, Arc::clone(&parsed));
        parsed
    }
}

impl RecentBlocks {
    fn find(&mut self, block: usize) -> Option<Arc<UserBlock>> {
        let place = self.blocks.iter().position(|(found, _)| *found == block)?;
        let found = self.blocks.remove(place)?;
        let block = Arc::clone(&found.1);
        self.blocks.push_back(found);
        Some(block)
    }

    /// Adds a block that was read, and forgets those that were not used for longest.
    fn add(&mut self, block: usize, parsed: Arc<UserBlock>) {
        if self.find(block).is_some() {
            // Two requests have read it at the same time.
            return;
        }
        self.bytes += parsed.length();
        self.blocks.push_back((block, parsed));
        while self.bytes > CACHED_BYTES
            && let Some((_, oldest)) = self.blocks.pop_front()
        {
            self.bytes -= oldest.length();
        }
    }
}
