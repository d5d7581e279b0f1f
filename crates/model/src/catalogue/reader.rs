//! `movies.csv`, record by record, with every fault at its line.

use csv::ByteRecord;

use super::CatalogueError;
use crate::{LineNumbers, MAX_ID_BYTES};

/// One record of a `movies.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovieRecord {
    /// The movie's id, never empty.
    pub id: String,
    /// Its title as it stands in the file.
    pub title: String,
    /// Its genres joined by `|`; empty where the file has no such column.
    pub genres: String,
    /// The line where the record begins, from 1.
    pub line: u64,
}

/// What can be wrong with a record of a `movies.csv`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MovieFault {
    /// The header lacks a column.
    #[error("the header has no column `{0}`; expected movieId,title,genres")]
    MissingColumn(&'static str),
    /// The record has more or fewer fields than the header.
    #[error("{found} fields where the header has {expected}; quote titles that hold commas")]
    FieldCount {
        /// Fields in the header.
        expected: usize,
        /// Fields in the record.
        found: usize,
    },
    /// The id is empty.
    #[error("the movieId is empty")]
    EmptyId,
    /// The id is longer than [`MAX_ID_BYTES`].
    #[error("the movieId has {0} bytes; an id has at most {MAX_ID_BYTES}")]
    LongId(usize),
    /// A field is not UTF-8.
    #[error("not UTF-8; save the file as UTF-8")]
    Encoding,
    /// The file could not be read on.
    #[error("{0}")]
    Unreadable(String),
}

/// Reads a `movies.csv`: columns by header in any order, with or without byte order mark and CRLF.
pub struct MovieReader<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    columns: Columns,
    lines: LineNumbers<'a>,
}

struct Columns {
    id: usize,
    title: usize,
    genres: Option<usize>,
    count: usize,
}

impl<'a> MovieReader<'a> {
    /// Reads the header.
    pub fn new(csv: &'a [u8]) -> Result<Self, CatalogueError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let columns = match reader.byte_headers() {
            Ok(header) => Columns::of(header),
            Err(error) => Err(MovieFault::Unreadable(error.to_string())),
        };
        let columns = columns.map_err(|fault| CatalogueError { line: 1, fault })?;
        Ok(Self { reader, record: ByteRecord::new(), columns, lines: LineNumbers::new(csv) })
    }

    fn parse(&self, line: u64) -> Result<MovieRecord, MovieFault> {
        if self.record.len() != self.columns.count {
            return Err(MovieFault::FieldCount { expected: self.columns.count, found: self.record.len() });
        }
        let text = |column: usize| match std::str::from_utf8(&self.record[column]) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(MovieFault::Encoding),
        };
        let id = text(self.columns.id)?.trim().to_owned();
        match id.len() {
            0 => return Err(MovieFault::EmptyId),
            length if length > MAX_ID_BYTES => return Err(MovieFault::LongId(length)),
            _ => {}
        }
        let genres = self.columns.genres.map(text).transpose()?.unwrap_or_default();
        Ok(MovieRecord { id, title: text(self.columns.title)?, genres, line })
    }
}

impl Iterator for MovieReader<'_> {
    type Item = Result<MovieRecord, CatalogueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let parsed = match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return None,
            Ok(true) => {
                let line = self.lines.of(&self.record);
                self.parse(line).map_err(|fault| CatalogueError { line, fault })
            }
            Err(error) => {
                let line = self.reader.position().line();
                Err(CatalogueError { line, fault: MovieFault::Unreadable(error.to_string()) })
            }
        };
        Some(parsed)
    }
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, MovieFault> {
        let find = |name: &'static str| header.iter().position(|field| field.trim_ascii() == name.as_bytes());
        let require = |name| find(name).ok_or(MovieFault::MissingColumn(name));
        let count = header.len();
        Ok(Self { id: require("movieId")?, title: require("title")?, genres: find("genres"), count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(csv: &[u8]) -> Vec<Result<MovieRecord, (u64, MovieFault)>> {
        MovieReader::new(csv).unwrap().map(|read| read.map_err(|error| (error.line, error.fault))).collect()
    }

    #[test]
    fn reads_any_column_order_with_mark_and_crlf() {
        let records = read(b"\xef\xbb\xbfgenres,movieId,title\r\nDrama, 7 ,\"A \"\"b\"\", c\"\r\n");
        let record =
            MovieRecord { id: "7".into(), title: "A \"b\", c".into(), genres: "Drama".into(), line: 2 };
        assert_eq!(records, [Ok(record)]);
    }

    #[test]
    fn goes_on_after_a_fault() {
        let records = read(b"movieId,title,genres\n1,a,b,c\n,a,b\n3,\xff,b\n4,fine,b\n");
        assert_eq!(records[0], Err((2, MovieFault::FieldCount { expected: 3, found: 4 })));
        assert_eq!(records[1], Err((3, MovieFault::EmptyId)));
        assert_eq!(records[2], Err((4, MovieFault::Encoding)));
        assert_eq!(records[3].as_ref().unwrap().title, "fine");
    }

    #[test]
    fn an_id_has_a_longest_length() {
        let of_length =
            |length| read(format!("movieId,title\n{},a\n", "x".repeat(length)).as_bytes()).remove(0);
        assert_eq!(of_length(MAX_ID_BYTES).unwrap().id.len(), MAX_ID_BYTES);
        assert_eq!(of_length(MAX_ID_BYTES + 2), Err((2, MovieFault::LongId(MAX_ID_BYTES + 2))));
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = MovieReader::new(b"id,title\n").err().unwrap();
        assert_eq!((error.line, error.fault), (1, MovieFault::MissingColumn("movieId")));
        let empty = MovieReader::new(b"").err().unwrap();
        assert_eq!(empty.fault, MovieFault::MissingColumn("movieId"));
    }
}
