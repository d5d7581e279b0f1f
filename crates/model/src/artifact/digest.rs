//! What a file of an artifact must be: its length, and the checksums of the file and of its chunks.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ArtifactError, capped};

/// The length of a chunk. It is longer if there would be more than [`MOST_CHUNKS`] chunks.
const CHUNK: u64 = 1 << 20;
/// The checksums of this many chunks take a tenth of the largest manifest.
const MOST_CHUNKS: u64 = 1024;

/// Length and checksums of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// The length in bytes.
    pub length: u64,
    /// The SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// The checksums of its chunks, with which a long file is verified while it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<Chunks>,
}

/// The checksums of the chunks of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunks {
    /// The length of each chunk but the last one in bytes: a power of two.
    pub length: u64,
    /// The SHA-256 of each chunk in lower-case hexadecimal.
    pub sha256: Vec<String>,
}

/// What a file must be, in the form in which it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub(super) file: &'static str,
    pub(super) length: usize,
    pub(super) chunk_length: usize,
    sums: Vec<[u8; 32]>,
}

impl FileDigest {
    /// Length and checksum of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, sha256: sha256_hex(bytes), chunks: None }
    }

    /// The same, with the checksums of chunks if there is more than one.
    pub fn in_chunks(bytes: &[u8]) -> Self {
        let whole = Self::of(bytes);
        let length = CHUNK.max(whole.length.div_ceil(MOST_CHUNKS).next_power_of_two());
        if whole.length <= length {
            return whole;
        }
        let sha256 = bytes.chunks(length as usize).map(sha256_hex).collect();
        Self { chunks: Some(Chunks { length, sha256 }), ..whole }
    }

    /// What `file` must be to match this digest. An error if it is longer than `limit` bytes or does not fit into memory.
    pub(super) fn expect(&self, file: &'static str, limit: u64) -> Result<Expected, ArtifactError> {
        let length = capped(file, self.length, limit)?;
        let wrong = |problem: &str| ArtifactError::Manifest(format!("{file}: {problem}"));
        let (chunk_length, sums) = match &self.chunks {
            None => (length.max(1), std::slice::from_ref(&self.sha256)),
            Some(Chunks { length, sha256 }) => {
                let is_cut = length.is_power_of_two() && self.length.div_ceil(*length) == sha256.len() as u64;
                let length = usize::try_from(*length).ok().filter(|_| is_cut);
                (
                    length.ok_or_else(|| wrong("`chunks` does not match the length of the file"))?,
                    sha256.as_slice(),
                )
            }
        };
        let sum = |text: &String| {
            let mut sum = [0; 32];
            hex::decode_to_slice(text, &mut sum).map(|()| sum)
        };
        let sums = sums.iter().map(sum).collect::<Result<_, _>>();
        let sums = sums.map_err(|error| wrong(&format!("not a valid SHA-256: {error}")))?;
        Ok(Expected { file, length, chunk_length, sums })
    }
}

impl Expected {
    /// The length that the file must have.
    pub fn length(&self) -> usize {
        self.length
    }

    pub(super) fn check_length(&self, found: u64) -> Result<(), ArtifactError> {
        let expected = self.length as u64;
        if found == expected {
            Ok(())
        } else {
            Err(ArtifactError::Length { file: self.file, expected, found })
        }
    }

    pub(super) fn check_chunk(&self, index: usize, chunk: &[u8]) -> Result<(), ArtifactError> {
        self.check_sum(index, Sha256::new_with_prefix(chunk))
    }

    pub(super) fn check_sum(&self, index: usize, sum: Sha256) -> Result<(), ArtifactError> {
        if self.sums.get(index) == Some(&sum.finalize().into()) {
            Ok(())
        } else {
            Err(ArtifactError::Checksum { file: self.file })
        }
    }
}

/// The SHA-256 of `bytes` in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_cut_into_chunks() {
        assert_eq!(FileDigest::in_chunks(&vec![7; 1 << 20]).chunks, None);
        let digest = FileDigest::in_chunks(&vec![7; (2 << 20) + 1]);
        let chunks = digest.chunks.as_ref().unwrap();
        let (full, last) = (sha256_hex(&vec![7; 1 << 20]), sha256_hex(&[7]));
        assert_eq!((chunks.length, &chunks.sha256), (1 << 20, &vec![full.clone(), full, last]));
        let expected = digest.expect("file", 1 << 30).unwrap();
        assert_eq!((expected.length(), expected.chunk_length), ((2 << 20) + 1, 1 << 20));
    }

    #[test]
    fn chunks_that_do_not_match_the_file_are_refused() {
        let digest = FileDigest::in_chunks(&vec![7; 3 << 20]);
        let with = |edit: fn(&mut Chunks)| {
            let mut digest = digest.clone();
            edit(digest.chunks.as_mut().unwrap());
            digest.expect("file", 1 << 30).unwrap_err().to_string()
        };
        let uncut = "manifest.json: file: `chunks` does not match the length of the file";
        assert_eq!(with(|chunks| chunks.length = 0), uncut);
        assert_eq!(with(|chunks| chunks.length = 3 << 19), uncut);
        assert_eq!(with(|chunks| chunks.sha256.truncate(2)), uncut);
        assert_eq!(with(|chunks| chunks.sha256.push(sha256_hex(b""))), uncut);
        let no_sum = "manifest.json: file: not a valid SHA-256: Odd number of digits";
        assert_eq!(with(|chunks| chunks.sha256[1] = "abc".to_owned()), no_sum);
    }
}
