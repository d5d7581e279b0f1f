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

/// How many bytes of a file tell what it is.
pub(super) const GUESSED_BY: usize = 4096;
/// The byte order mark that some editors write before UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The expected content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Ratings,
    Movies,
}

/// How a file is read.
pub(super) enum Form {
    MovieLens(MovieLens),
    Csv(CsvForm),
}

/// CSV with a header.
pub(super) struct CsvForm {
    content: Content,
    /// The beginning of the file up to the header, with a line end.
    head: Vec<u8>,
    /// Where the header is in `head`.
    header: Range<usize>,
    names: Vec<String>,
}

/// A file, or a piece of one, as CSV with a header, whatever its format was.
pub(super) struct Table<'a> {
    pub(super) csv: Cow<'a, [u8]>,
    /// The number of lines of `csv` that are not in the file.
    added_lines: u64,
    /// The number of lines of the file that are not in `csv`.
    left_out_lines: u64,
    /// The faults of records that are not in `csv`.
    pub(super) faults: Vec<FileFault>,
    /// A note about how the file is read.
    pub(super) note: Option<String>,
    /// Whether it is only right if nothing follows: a quote is open at its end, or the encoding is that of all.
    pub(super) needs_rest: bool,
}

/// Detects the format of `file`, and reads it, or finds a fault of the whole file.
pub(super) fn open(file: &CsvFile, content: Content) -> Result<Table<'_>, FileFault> {
    Ok(Form::of(&file.name, &file.bytes, content)?.table(&file.bytes, 0))
}

impl Form {
    /// The format of the file `name`, or a fault of the whole file. `beginning` has its first line that is not blank, and at
    /// least [`GUESSED_BY`] bytes if the file has them.
    pub(super) fn of(name: &str, beginning: &[u8], content: Content) -> Result<Self, FileFault> {
        let unknown = |detail: String| FileFault { line: 1, kind: FaultKind::UnknownForm, detail };
        if let Some(what) = guess::binary(beginning) {
            return Err(unknown(what));
        }
        let header = first_line(beginning);
        let line = &beginning[header.clone()];
        if let Some(form) = MovieLens::of(line, name, content) {
            return Ok(Self::MovieLens(form));
        }
        let names = fields(line);
        let missing: Vec<&str> = content
            .required()
            .iter()
            .filter(|column| column.find(&names).is_none())
            .map(|column| column.name)
            .collect();
        let guess = if missing.is_empty() { None } else { guess::form(line, content) };
        if let Some(what) = guess {
            return Err(unknown(what));
        }
        let fault = |kind, detail| FileFault { line: 1, kind, detail };
        if let Some(what) = quotes::fault_of_header(line) {
            return Err(fault(
                FaultKind::OpenQuote,
                format!("the header is {}: {what}", guess::quoted(line)),
            ));
        }
        if !missing.is_empty() {
            return Err(fault(FaultKind::MissingColumn, missing_columns(line, &missing, content)));
        }
        if let Some(name) = repeated(&names, content) {
            return Err(unknown(format!(
                "the header has several columns `{name}`; remove all but one, or give the others another name"
            )));
        }
        let head = [&beginning[..header.end], b"\n"].concat();
        Ok(Self::Csv(CsvForm { content, head, header, names }))
    }

    /// What has to be before each piece of the file but the first.
    pub(super) fn head(&self) -> &[u8] {
        match self {
            Self::MovieLens(_) => &[],
            Self::Csv(form) => &form.head,
        }
    }

    /// Reads the file, or a piece of it, whose first line has the number 1 + `line_offset` in the file.
    pub(super) fn table<'a>(&self, bytes: &'a [u8], line_offset: u64) -> Table<'a> {
        match self {
            Self::MovieLens(form) => form.table(bytes, line_offset),
            Self::Csv(form) => form.table(bytes, line_offset),
        }
    }
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
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Ratings => "userId,movieId,rating,timestamp",
            Self::Movies => "movieId,title,genres",
        }
    }
}

impl Table<'_> {
    /// The number in the file of a line of `csv`.
    pub(super) fn line(&self, of_csv: u64) -> u64 {
        (of_csv + self.left_out_lines).saturating_sub(self.added_lines)
    }
}

impl CsvForm {
    /// The names of the columns.
    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }

    fn table<'a>(&self, bytes: &'a [u8], line_offset: u64) -> Table<'a> {
        let Self { content, header, names, .. } = self;
        let known = content.required().iter().chain(content.optional());
        let used: Vec<(Option<usize>, &str)> =
            known.map(|column| (column.find(names), column.name)).collect();
        let places: Vec<Option<usize>> = used.iter().map(|(place, _)| *place).collect();
        let is_number = |text: &str| text.trim().parse::<f32>().is_ok();
        let is_record = |record: &[&str]| {
            let field = |column: usize| places[column].map_or("", |place| record[place].trim());
            record.len() == names.len()
                && match content {
                    Content::Ratings => is_number(field(2)) && !field(0).is_empty() && !field(1).is_empty(),
                    Content::Movies => !field(0).is_empty() && !field(0).contains(char::is_whitespace),
                }
        };
        let closed = quotes::close(bytes, header.end, line_offset, is_record);
        let open = |(line, detail)| FileFault { line, kind: FaultKind::OpenQuote, detail };
        let csv = match content {
            Content::Ratings => closed.csv,
            Content::Movies => with_own_names(closed.csv, header.clone(), names, &used),
        };
        Table {
            csv,
            added_lines: 0,
            left_out_lines: line_offset,
            faults: closed.faults.into_iter().map(open).collect(),
            note: unused::note(names, &places),
            needs_rest: closed.is_open,
        }
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

/// The name of a column that is read, if several columns have it.
fn repeated(names: &[String], content: Content) -> Option<&str> {
    let known = content.required().iter().chain(content.optional());
    let mut read = known.filter_map(|column| column.find(names)).map(|place| names[place].trim());
    read.find(|name| names.iter().filter(|other| other.trim() == *name).count() > 1)
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
