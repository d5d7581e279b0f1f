//! Detects the format of a file by its first bytes: CSV with a header, a `MovieLens` format without a header, or neither.

mod guess;
mod movielens;

use std::borrow::Cow;
use std::ops::Range;

use matinee_model::columns::{Column, GENRES, ID, MOVIE, RATING, TIMESTAMP, TITLE, USER};

use super::faults::FileFault;
use super::quotes::{self, fields};
use super::{CsvFile, FaultKind, unused};
pub(super) use movielens::MovieLens;

/// The byte order mark that some editors write before UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The expected content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Ratings,
    Movies,
}

/// A file as CSV with a header, whatever its format was.
pub(super) struct Table<'a> {
    pub(super) csv: Cow<'a, [u8]>,
    /// The number of lines of `csv` that are not in the file.
    pub(super) added_lines: u64,
    /// The faults of records that are not in `csv`.
    pub(super) faults: Vec<FileFault>,
    /// A note about how the file is read.
    pub(super) note: Option<String>,
}

/// Detects the format of `file`, or a fault of the whole file.
pub(super) fn open(file: &CsvFile, content: Content) -> Result<Table<'_>, FileFault> {
    let unknown = |detail: String| FileFault { line: 1, kind: FaultKind::UnknownForm, detail };
    if let Some(what) = guess::binary(&file.bytes) {
        return Err(unknown(what));
    }
    let first = first_line(&file.bytes);
    let line = &file.bytes[first.clone()];
    if let Some(form) = MovieLens::of(line, &file.name, content) {
        return Ok(form.table(&file.bytes));
    }
    let header = fields(line);
    let missing: Vec<&str> = content
        .required()
        .iter()
        .filter(|column| column.find(&header).is_none())
        .map(|column| column.name)
        .collect();
    let guess = if missing.is_empty() { None } else { guess::form(line, content) };
    if let Some(what) = guess {
        return Err(unknown(what));
    }
    let fault = |kind, detail| FileFault { line: 1, kind, detail };
    if let Some(what) = quotes::fault_of_header(line) {
        return Err(fault(FaultKind::OpenQuote, format!("the header is {}: {what}", guess::quoted(line))));
    }
    if missing.is_empty() {
        return Ok(Table::of_csv(&file.bytes, first, &header, content));
    }
    Err(fault(FaultKind::MissingColumn, missing_columns(line, &missing, content)))
}

/// Whether a file contains only white space.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).trim_ascii().is_empty()
}

impl Content {
    /// The required columns.
    fn required(self) -> &'static [Column] {
        match self {
            Self::Ratings => &[USER, MOVIE, RATING],
            Self::Movies => &[ID, TITLE],
        }
    }

    /// The optional columns.
    fn optional(self) -> &'static [Column] {
        match self {
            Self::Ratings => &[TIMESTAMP],
            Self::Movies => &[GENRES],
        }
    }

    /// The expected header of such a file.
    fn header(self) -> &'static str {
        match self {
            Self::Ratings => "userId,movieId,rating,timestamp",
            Self::Movies => "movieId,title,genres",
        }
    }
}

impl<'a> Table<'a> {
    fn of_csv(bytes: &'a [u8], first: Range<usize>, header: &[String], content: Content) -> Self {
        let known = content.required().iter().chain(content.optional());
        let used: Vec<(Option<usize>, &str)> =
            known.map(|column| (column.find(header), column.name)).collect();
        let places: Vec<Option<usize>> = used.iter().map(|(place, _)| *place).collect();
        let is_number = |text: &str| text.trim().parse::<f32>().is_ok();
        let is_record = |record: &[&str]| {
            let field = |column: usize| places[column].map_or("", |place| record[place].trim());
            record.len() == header.len()
                && match content {
                    Content::Ratings => is_number(field(2)) && !field(0).is_empty() && !field(1).is_empty(),
                    Content::Movies => !field(0).is_empty() && !field(0).contains(char::is_whitespace),
                }
        };
        let closed = quotes::close(bytes, first.end, is_record);
        let open = |(line, detail)| FileFault { line, kind: FaultKind::OpenQuote, detail };
        let csv = match content {
            Content::Ratings => closed.csv,
            Content::Movies => with_own_names(closed.csv, first, header, &used),
        };
        let note = unused::note(header, &places);
        Self { csv, added_lines: 0, faults: closed.faults.into_iter().map(open).collect(), note }
    }
}

/// The CSV with the column names that the model's catalogue reader knows.
fn with_own_names<'a>(
    csv: Cow<'a, [u8]>,
    first: Range<usize>,
    header: &[String],
    used: &[(Option<usize>, &str)],
) -> Cow<'a, [u8]> {
    let own_name =
        |column: usize| used.iter().find(|(place, _)| *place == Some(column)).map(|(_, name)| *name);
    if header.iter().enumerate().all(|(column, name)| own_name(column).is_none_or(|own| own == name)) {
        return csv;
    }
    // Other columns are renamed, because their names might be another spelling of one of ours.
    let names: Vec<&str> = (0..header.len()).map(|column| own_name(column).unwrap_or("unused")).collect();
    Cow::Owned([&csv[..first.start], names.join(",").as_bytes(), &csv[first.end..]].concat())
}

/// The first line that is not blank, without the byte order mark and the line end.
fn first_line(bytes: &[u8]) -> Range<usize> {
    let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let blank = bytes[mark..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    let begin = mark + blank;
    let length = memchr::memchr2(b'\n', b'\r', &bytes[begin..]).unwrap_or(bytes.len() - begin);
    begin..begin + length
}

fn missing_columns(line: &[u8], missing: &[&str], content: Content) -> String {
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let columns = if names.len() == 1 { "column" } else { "columns" };
    format!(
        "the header {} has no {columns} {}; expected {}",
        guess::quoted(line),
        names.join(", "),
        content.header()
    )
}
