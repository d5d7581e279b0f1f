//! A file of data on disk, plain or compressed by gzip.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use flate2::read::MultiGzDecoder;
use matinee_train::ratings::{CsvFile, Source};

/// The first bytes of a gzip file (RFC 1952). No other kind of file that is read begins with them.
pub const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// A file that is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    name: String,
    path: PathBuf,
}

impl DataFile {
    /// The file at `path`, under this name.
    pub fn new(name: String, path: PathBuf) -> Self {
        Self { name, path }
    }

    /// The file at `path`, under its own name.
    pub fn at(path: &Path) -> Self {
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        Self::new(name.display().to_string(), path.to_owned())
    }

    /// Reads all of it into memory.
    pub fn read(self) -> Result<CsvFile> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(CsvFile { name: self.name, bytes })
    }

    /// Says which file an error is about. The operating system cannot read a file, and a decoder cannot decode one.
    fn explain(&self, error: io::Error) -> io::Error {
        let path = self.path.display();
        let what = match error.raw_os_error() {
            Some(_) => format!("cannot read {path}"),
            None => format!("{path} is damaged: it is not a complete gzip file"),
        };
        io::Error::new(error.kind(), Error::new(error).context(what))
    }
}

impl Source for DataFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        let content = File::open(&self.path).and_then(content).map_err(|error| self.explain(error))?;
        Ok(Box::new(Explained { file: self, content }))
    }
}

/// The content of a file without compression.
fn content(mut file: File) -> io::Result<Box<dyn Read>> {
    let mut first = Vec::new();
    file.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut first)?;
    let is_gzip = first == GZIP_MAGIC;
    let whole = io::Cursor::new(first).chain(file);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// A content whose errors name the file.
struct Explained<'a> {
    file: &'a DataFile,
    content: Box<dyn Read>,
}

impl Read for Explained<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer).map_err(|error| self.file.explain(error))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use matinee_model::RatingScale;
    use matinee_model::artifact::FileDigest;
    use matinee_train::ratings::{Inputs, check_files};

    use super::*;

    /// Ratings that take several pieces.
    fn text() -> String {
        let lines = (0..200_000).map(|record| format!("{},{},4\n", record / 100, record % 100));
        "userId,movieId,rating\n".to_owned() + &lines.collect::<String>()
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// The number of ratings and the digest of a file with these bytes, or the error.
    fn checked(bytes: &[u8]) -> Result<(usize, FileDigest), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ratings.csv.gz");
        std::fs::write(&path, bytes).unwrap();
        let inputs = Inputs { ratings: vec![DataFile::at(&path)], movies: None, links: None };
        let checked = check_files(&inputs, RatingScale::MOVIELENS).map_err(|error| {
            format!("{:#}", Error::new(error)).replace(&folder.path().display().to_string(), "FOLDER")
        })?;
        assert!(checked.report.is_clean(), "{}", checked.report);
        Ok((checked.dataset.ratings.len(), checked.digests["ratings.csv.gz"].clone()))
    }

    #[test]
    fn a_file_is_read_the_same_in_any_compression() {
        let text = text();
        let (one, other) = text.split_at(text.len() / 3);
        let expected = Ok((200_000, FileDigest::of(text.as_bytes())));
        for bytes in [text.clone().into_bytes(), gzip(&text), [gzip(one), gzip(other)].concat()] {
            assert_eq!(checked(&bytes), expected);
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it() {
        let whole = gzip(&text());
        let mut wrong_sum = whole.clone();
        let sum = wrong_sum.len() - 8;
        wrong_sum[sum] ^= 1;
        let garbage = [whole.as_slice(), b"more"].concat();
        for bytes in [&whole[..whole.len() / 2], &whole[..1000], &wrong_sum, &garbage, GZIP_MAGIC] {
            let error = checked(bytes).unwrap_err();
            let expected = "FOLDER/ratings.csv.gz is damaged: it is not a complete gzip file: ";
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_with_its_cause() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ratings.csv");
        let missing = DataFile::at(&path).read().unwrap_err();
        std::fs::create_dir(&path).unwrap();
        let not_a_file = DataFile::at(&path).read().unwrap_err();
        for (error, cause) in [(missing, "No such file"), (not_a_file, "Is a directory")] {
            let expected = format!("cannot read {}: {cause}", path.display());
            assert!(format!("{error:#}").starts_with(&expected), "{error:#}");
        }
    }
}
