//! Bytes that match their checksums, whether they arrive at once, from a file, or in pieces from a network.

use std::io;
use std::sync::Mutex;
use std::thread;

use sha2::{Digest, Sha256};

use super::digest::Expected;
use super::{AlignedBuffer, ArtifactError};
use crate::threads::join;

/// More threads than this only wait for memory.
const MOST_THREADS: usize = 4;

/// The bytes of a file that matches its digest.
#[derive(Debug)]
pub struct Verified(AlignedBuffer);

/// A file that arrives in pieces, each verified on arrival.
#[derive(Debug)]
pub struct Assembly {
    expected: Expected,
    buffer: AlignedBuffer,
    chunks: Vec<Chunk>,
}

/// A chunk that may be incomplete.
#[derive(Debug, Clone)]
enum Chunk {
    /// This many bytes have arrived, from the start and in order.
    Partial(usize, Sha256),
    /// The chunk is complete and its checksum is right.
    Checked,
    /// Bytes arrived in another order. The checksum is computed at the end.
    Unordered,
}

impl Verified {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    pub(super) fn into_buffer(self) -> AlignedBuffer {
        self.0
    }
}

impl Expected {
    /// Verifies a complete file.
    pub fn verify(&self, mut buffer: AlignedBuffer) -> Result<Verified, ArtifactError> {
        self.check_length(buffer.bytes().len() as u64)?;
        self.for_each_chunk(&mut buffer, |_, _| Ok(()))?;
        Ok(Verified(buffer))
    }

    /// Reads and verifies a file of the right length. `fill` reads the bytes from an offset on.
    pub(super) fn read(
        &self,
        fill: impl Fn(u64, &mut [u8]) -> Result<(), ArtifactError> + Sync,
    ) -> Result<Verified, ArtifactError> {
        let mut buffer = AlignedBuffer::zeroed(self.length);
        self.for_each_chunk(&mut buffer, fill)?;
        Ok(Verified(buffer))
    }

    /// Starts to assemble the file from pieces.
    pub fn assemble(self) -> Assembly {
        let count = self.length.div_ceil(self.chunk_length);
        let buffer = AlignedBuffer::zeroed(self.length);
        Assembly { expected: self, buffer, chunks: vec![Chunk::Partial(0, Sha256::new()); count] }
    }

    /// Fills and verifies every chunk, on several threads.
    fn for_each_chunk(
        &self,
        buffer: &mut AlignedBuffer,
        fill: impl Fn(u64, &mut [u8]) -> Result<(), ArtifactError> + Sync,
    ) -> Result<(), ArtifactError> {
        if self.length == 0 {
            return self.check_chunk(0, &[]);
        }
        let chunks = Mutex::new(buffer.bytes_mut().chunks_mut(self.chunk_length).enumerate());
        let next = || chunks.lock().ok()?.next();
        let work = || {
            while let Some((index, chunk)) = next() {
                fill((index * self.chunk_length) as u64, chunk)?;
                self.check_chunk(index, chunk)?;
            }
            Ok(())
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(MOST_THREADS).min(self.length.div_ceil(self.chunk_length));
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            others.into_iter().map(join).fold(own, Result::and)
        })
    }
}

impl Assembly {
    /// Adds a piece at its offset.
    pub fn put(&mut self, offset: usize, piece: &[u8]) -> Result<(), ArtifactError> {
        let end = offset.saturating_add(piece.len());
        let length = self.expected.chunk_length;
        let Some(place) = self.buffer.bytes_mut().get_mut(offset..end) else {
            return self.expected.check_length(end as u64);
        };
        place.copy_from_slice(piece);
        let (mut offset, mut rest) = (offset, piece);
        while !rest.is_empty() {
            let (index, start) = (offset / length, offset % length);
            let (bytes, after) = rest.split_at(rest.len().min(length - start));
            self.add(index, start, bytes)?;
            (offset, rest) = (offset + bytes.len(), after);
        }
        Ok(())
    }

    /// Adds bytes to the checksum of a chunk.
    fn add(&mut self, index: usize, start: usize, bytes: &[u8]) -> Result<(), ArtifactError> {
        let whole = self.expected.chunk_length.min(self.expected.length - index * self.expected.chunk_length);
        let chunk = &mut self.chunks[index];
        *chunk = match std::mem::replace(chunk, Chunk::Unordered) {
            Chunk::Partial(filled, mut sum) if filled == start => {
                sum.update(bytes);
                if filled + bytes.len() == whole {
                    self.expected.check_sum(index, sum)?;
                    Chunk::Checked
                } else {
                    Chunk::Partial(filled + bytes.len(), sum)
                }
            }
            _ => Chunk::Unordered,
        };
        Ok(())
    }

    /// The file, if it is complete and matches its checksums.
    pub fn finish(self) -> Result<Verified, ArtifactError> {
        let Self { expected, buffer, chunks } = self;
        if expected.length == 0 {
            expected.check_chunk(0, &[])?;
        }
        let bytes = buffer.bytes().chunks(expected.chunk_length);
        for (index, (chunk, bytes)) in chunks.iter().zip(bytes).enumerate() {
            if !matches!(chunk, Chunk::Checked) {
                expected.check_chunk(index, bytes)?;
            }
        }
        Ok(Verified(buffer))
    }
}

/// Fills `buffer` from `source` at `offset`.
pub(super) fn read_at(
    source: &mut (impl io::Read + io::Seek),
    offset: u64,
    buffer: &mut [u8],
) -> io::Result<()> {
    source.seek(io::SeekFrom::Start(offset))?;
    source.read_exact(buffer)
}

#[cfg(test)]
mod tests {
    use super::super::FileDigest;
    use super::*;
    use proptest::prelude::*;

    const CHUNK: usize = 1 << 20;

    fn file(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    fn expected(bytes: &[u8]) -> Expected {
        FileDigest::in_chunks(bytes).expect("file", 1 << 30).unwrap()
    }

    #[test]
    fn bytes_are_taken_over_if_every_chunk_is_right() {
        for length in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes = file(length);
            let expected = expected(&bytes);
            assert_eq!(expected.verify(AlignedBuffer::from(bytes.as_slice())).unwrap().bytes(), bytes);
            let mut longer = bytes.clone();
            longer.push(0);
            let error = expected.verify(AlignedBuffer::from(longer.as_slice())).unwrap_err();
            assert!(matches!(error, ArtifactError::Length { .. }), "{error}");
            for wrong in [0, length / 2, length.saturating_sub(1)] {
                let mut damaged = bytes.clone();
                let Some(byte) = damaged.get_mut(wrong) else { continue };
                *byte ^= 1;
                let error = expected.verify(AlignedBuffer::from(damaged.as_slice())).unwrap_err();
                assert!(matches!(error, ArtifactError::Checksum { .. }), "{error}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_of_any_thread() {
        let expected = expected(&file(4 * CHUNK));
        let fill = |offset: u64, _: &mut [u8]| match offset {
            offset if offset == 3 * CHUNK as u64 => Err(ArtifactError::Archive("gone".to_owned())),
            _ => Ok(()),
        };
        assert!(expected.read(fill).is_err());
    }

    #[test]
    fn a_wrong_chunk_is_refused_by_the_piece_that_makes_it_whole() {
        const PIECE: usize = 300_000;
        let bytes = file(2 * CHUNK + 100);
        for (wrong, end) in [(5, CHUNK), (CHUNK + 7, 2 * CHUNK), (2 * CHUNK + 99, 2 * CHUNK + 100)] {
            let mut assembly = expected(&bytes).assemble();
            let mut damaged = bytes.clone();
            damaged[wrong] ^= 1;
            let mut pieces = damaged.chunks(PIECE).enumerate();
            let refused = pieces.position(|(index, piece)| assembly.put(index * PIECE, piece).is_err());
            assert_eq!(refused, Some((end - 1) / PIECE), "{wrong}");
        }
    }

    #[test]
    fn a_file_that_lacks_a_piece_is_refused() {
        let bytes = file(2 * CHUNK);
        let mut assembly = expected(&bytes).assemble();
        assembly.put(0, &bytes[..CHUNK + 5]).unwrap();
        assert!(matches!(assembly.finish(), Err(ArtifactError::Checksum { .. })));
        let mut assembly = expected(&bytes).assemble();
        let beyond = assembly.put(2 * CHUNK - 1, &[0, 0]);
        assert!(matches!(beyond, Err(ArtifactError::Length { .. })), "{beyond:?}");
        let empty = expected(b"").assemble().finish().unwrap();
        assert!(empty.bytes().is_empty());
    }

    proptest! {
        #[test]
        fn pieces_may_come_in_any_order(cuts in prop::collection::vec(0..3 * CHUNK, 0..12), seed: u64, damage: bool) {
            let mut bytes = file(3 * CHUNK - 7);
            let expected = expected(&bytes);
            if damage {
                let wrong = seed as usize % bytes.len();
                bytes[wrong] ^= 1;
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut pieces: Vec<(usize, usize)> = cuts.windows(2).map(|cut| (cut[0], cut[1])).collect();
            let middle = seed as usize % pieces.len();
            pieces.rotate_left(middle);
            let mut assembly = expected.assemble();
            let put = pieces.iter().try_for_each(|&(from, to)| assembly.put(from, &bytes[from..to]));
            let read = put.and_then(|()| assembly.finish());
            prop_assert_eq!(read.is_err(), damage);
            if let Ok(read) = read {
                prop_assert_eq!(read.bytes(), bytes);
            }
        }
    }
}
