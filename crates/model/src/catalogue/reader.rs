//! Reads `movies.csv` record by record, and reports every fault with its line.

use csv::{ByteRecord, StringRecord};

use super::CatalogueError;
use crate::{LineNumbers, MAX_ID_BYTES};

/// One record of a `movies.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovieRecord {
    /// The movie's id, never empty.
    pub id: String,
    /// Its title as in the file.
    pub title: String,
    /// Its genres joined by `|`. Empty if the file has no such column.
    pub genres: String,
    /// Its ids in other catalogues.
    pub links: Links,
    /// The line on which the record starts, from 1.
    pub line: u64,
}

/// The ids of a movie in other catalogues: digits, or empty if they are not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The digits after `tt` in `IMDb`'s ids.
    pub imdb: String,
    /// The id in The Movie Database.
    pub tmdb: String,
}

impl Links {
    /// These ids, without those that are no numbers. An id of `IMDb` may begin with `tt`.
    pub fn new(imdb: &str, tmdb: &str) -> Self {
        let number = |id: &str| {
            let is_number = !id.is_empty() && id.len() <= 12 && id.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { id.to_owned() } else { String::new() }
        };
        Self { imdb: number(imdb.strip_prefix("tt").unwrap_or(imdb)), tmdb: number(tmdb) }
    }
}

/// What can be wrong with a record of a `movies.csv`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MovieFault {
    /// A column is missing in the header.
    #[error("the header has no column `{0}`; expected movieId,title,genres")]
    MissingColumn(&'static str),
    /// The record has more or fewer fields than the header.
    #[error("{found} fields, but the header has {expected}; quote titles that contain commas")]
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
    /// The rest of the file could not be read.
    #[error("{0}")]
    Unreadable(String),
}

/// Reads a `movies.csv`. The header gives the order of the columns. A byte order mark and CRLF are accepted.
pub struct MovieReader<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    columns: Columns,
    lines: LineNumbers<'a>,
}

/// The fields of one record that are read.
#[derive(Clone, Copy)]
pub(super) struct MovieFields<'r> {
    pub(super) id: &'r str,
    pub(super) title: &'r str,
    pub(super) genres: &'r str,
    /// Empty if the file has no such column, like the next.
    pub(super) imdb: &'r str,
    pub(super) tmdb: &'r str,
}

struct Columns {
    id: usize,
    title: usize,
    genres: Option<usize>,
    imdb: Option<usize>,
    tmdb: Option<usize>,
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
        let text =
            |column: usize| std::str::from_utf8(&self.record[column]).map_err(|_| MovieFault::Encoding);
        let fields = self.columns.fields(self.record.len(), text)?;
        let [id, title, genres] = [fields.id, fields.title, fields.genres].map(str::to_owned);
        let links = Links { imdb: fields.imdb.to_owned(), tmdb: fields.tmdb.to_owned() };
        Ok(MovieRecord { id, title, genres, links, line })
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

/// Passes the fields of each record to `take` without copying them. Stops at the first fault, or when `take` returns
/// `false`. Returns whether it read the whole file.
pub(super) fn read_all(csv: &[u8], mut take: impl FnMut(MovieFields<'_>) -> bool) -> bool {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    let Some(columns) = reader.byte_headers().ok().and_then(|header| Columns::of(header).ok()) else {
        return false;
    };
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return true,
            Ok(true) => match columns.fields(record.len(), |column| Ok(&record[column])) {
                Ok(fields) if take(fields) => {}
                _ => return false,
            },
            Err(_) => return false,
        }
    }
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, MovieFault> {
        let find = |name: &'static str| header.iter().position(|field| field.trim_ascii() == name.as_bytes());
        let require = |name| find(name).ok_or(MovieFault::MissingColumn(name));
        let count = header.len();
        let (id, title, genres) = (require("movieId")?, require("title")?, find("genres"));
        Ok(Self { id, title, genres, imdb: find("imdbId"), tmdb: find("tmdbId"), count })
    }

    /// Checks a record of `found` fields, which `text` reads by column.
    fn fields<'r>(
        &self,
        found: usize,
        text: impl Fn(usize) -> Result<&'r str, MovieFault>,
    ) -> Result<MovieFields<'r>, MovieFault> {
        if found != self.count {
            return Err(MovieFault::FieldCount { expected: self.count, found });
        }
        let id = text(self.id)?.trim();
        match id.len() {
            0 => return Err(MovieFault::EmptyId),
            length if length > MAX_ID_BYTES => return Err(MovieFault::LongId(length)),
            _ => {}
        }
        let optional = |column: Option<usize>| Ok(column.map(&text).transpose()?.unwrap_or_default());
        let (genres, imdb, tmdb) = (optional(self.genres)?, optional(self.imdb)?, optional(self.tmdb)?);
        Ok(MovieFields { id, title: text(self.title)?, genres, imdb, tmdb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(csv: &[u8]) -> Vec<Result<MovieRecord, (u64, MovieFault)>> {
        MovieReader::new(csv).unwrap().map(|read| read.map_err(|error| (error.line, error.fault))).collect()
    }

    #[test]
    fn reads_any_column_order_with_byte_order_mark_and_crlf() {
        let records = read(b"\xef\xbb\xbfgenres,movieId,title\r\nDrama, 7 ,\"A \"\"b\"\", c\"\r\n");
        let (id, title, genres) = ("7".into(), "A \"b\", c".into(), "Drama".into());
        let record = MovieRecord { id, title, genres, links: Links::default(), line: 2 };
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
    fn an_id_that_is_too_long_is_a_fault() {
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
