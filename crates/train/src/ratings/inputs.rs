//! The files of a data set, before they are read.

use std::collections::BTreeMap;
use std::io::{self, Read};

use matinee_model::artifact::FileDigest;
use sha2::{Digest, Sha256};

/// The digests of files that were read, by name.
pub type Digests = BTreeMap<String, FileDigest>;

/// A file in memory, in any of the accepted formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFile {
    /// Its name: for messages, and to distinguish formats that look alike.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A file of ratings that is read piece by piece, because it may be larger than the memory.
pub trait Source {
    /// Its name: for messages, and to distinguish formats that look alike.
    fn name(&self) -> &str;

    /// Its content from the beginning, without compression. The errors of opening and reading name the file.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Source for CsvFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.bytes.as_slice()))
    }
}

/// The files of a data set. The ratings are in memory too, or read from a [`Source`] when they are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs<R = CsvFile> {
    /// The ratings, in one file or several parts.
    pub ratings: Vec<R>,
    /// The catalogue, if there is one.
    pub movies: Option<CsvFile>,
    /// `links.csv`, if there is one.
    pub links: Option<CsvFile>,
}

impl<R: Source> Inputs<R> {
    /// The names of all files, the ratings last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let in_memory = self.movies.iter().chain(&self.links).map(|file| file.name.as_str());
        in_memory.chain(self.ratings.iter().map(R::name))
    }

    /// The digests of catalogue and links.
    pub(super) fn catalogue_digests(&self) -> Digests {
        digests(self.movies.iter().chain(&self.links))
    }
}

impl Inputs {
    /// The digests of all files.
    pub fn digests(&self) -> Digests {
        digests(self.movies.iter().chain(&self.links).chain(&self.ratings))
    }
}

fn digests<'a>(files: impl Iterator<Item = &'a CsvFile>) -> Digests {
    files.map(|file| (file.name.clone(), FileDigest::of(&file.bytes))).collect()
}

/// Computes the digest of all that is read through it.
pub(super) struct Digested<R> {
    input: R,
    length: u64,
    sum: Sha256,
}

impl<R> Digested<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, length: 0, sum: Sha256::new() }
    }

    /// The digest of what was read.
    pub(super) fn digest(self) -> FileDigest {
        FileDigest { length: self.length, sha256: hex::encode(self.sum.finalize()), chunks: None }
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.length += count as u64;
        self.sum.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_whole_file() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let mut input = Digested::new(bytes.as_slice());
        let mut buffer = [0; 77];
        while input.read(&mut buffer).unwrap() > 0 {}
        assert_eq!(input.digest(), FileDigest::of(&bytes));
    }
}
