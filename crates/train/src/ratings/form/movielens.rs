//! The `MovieLens` releases that are not CSV: ml-100k, ml-1m and ml-10m.

use std::borrow::Cow;

use super::super::faults::FileFault;
use super::{Content, FaultKind, Table};

/// The genres of ml-100k, in the order of the columns of `u.item`. The first means that there is no genre.
const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];
/// The columns before the genres: id, title, two dates and an address.
const BEFORE_GENRES: usize = 5;

/// A format without a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum MovieLens {
    /// `u.data`: user, movie, rating and time, separated by tabs.
    Data,
    /// `u.item`: id, title, dates, address and a mark for each genre, separated by `|`.
    Item,
    /// `ratings.dat`: user, movie, rating and time, separated by `::`.
    Ratings,
    /// `movies.dat`: id, title and genres, separated by `::`.
    Movies,
}

impl MovieLens {
    /// The format of a file with this first line. Ratings separated by tabs are recognised only by the file name, because
    /// other files may have the columns in another order.
    pub(in super::super) fn of(line: &[u8], name: &str, content: Content) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let are_numbers = |fields: &[&str]| fields.iter().all(|field| field.trim().parse::<f64>().is_ok());
        match content {
            Content::Ratings => {
                let (by_tab, by_colons): (Vec<&str>, Vec<&str>) =
                    (line.split('\t').collect(), line.split("::").collect());
                if by_tab.len() == 4 && are_numbers(&by_tab) && has_name_of_ml_100k(name) {
                    Some(Self::Data)
                } else {
                    (by_colons.len() == 4 && are_numbers(&by_colons)).then_some(Self::Ratings)
                }
            }
            Content::Movies => {
                let is_number =
                    |field: Option<&str>| field.is_some_and(|field| field.trim().parse::<u64>().is_ok());
                if item(&line).is_some() {
                    Some(Self::Item)
                } else {
                    let is_record = is_number(line.split("::").next()) && line.matches("::").count() >= 2;
                    is_record.then_some(Self::Movies)
                }
            }
        }
    }

    /// The file, or a piece of it, as CSV with a header.
    pub(super) fn table(self, bytes: &[u8], line_offset: u64) -> Table<'static> {
        let (text, note) = match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(_) => (Cow::Owned(bytes.iter().map(|&byte| byte as char).collect()), Some(self.note())),
        };
        let mark = if line_offset == 0 { "\u{feff}" } else { "" };
        let text = text.strip_prefix(mark).unwrap_or(&text);
        let mut csv = String::with_capacity(text.len() + text.len() / 16 + 64);
        csv.push_str(self.content().header());
        csv.push('\n');
        let mut faults = Vec::new();
        for (line, text) in (1 + line_offset..).zip(text.split_terminator('\n')) {
            let text = text.strip_suffix('\r').unwrap_or(text);
            match self.record(text) {
                Some(record) => push_record(&mut csv, &record),
                None if text.is_empty() => {}
                None => faults.push(FileFault {
                    line,
                    kind: FaultKind::FieldCount,
                    detail: self.expected().to_owned(),
                }),
            }
            csv.push('\n');
        }
        Table {
            csv: Cow::Owned(csv.into_bytes()),
            added_lines: 1,
            left_out_lines: line_offset,
            faults,
            note,
            // Only all of the text tells whether it is UTF-8.
            needs_rest: !bytes.is_ascii(),
        }
    }

    /// What separates the fields.
    pub(in super::super) fn separator(self) -> &'static str {
        match self {
            Self::Data => "\t",
            Self::Item => "|",
            Self::Ratings | Self::Movies => "::",
        }
    }

    fn content(self) -> Content {
        match self {
            Self::Data | Self::Ratings => Content::Ratings,
            Self::Item | Self::Movies => Content::Movies,
        }
    }

    fn record(self, line: &str) -> Option<Vec<Cow<'_, str>>> {
        match self {
            Self::Data | Self::Ratings => four(line.split(self.separator())),
            Self::Item => item(line).map(|(id, title, genres)| vec![id.into(), title.into(), genres.into()]),
            Self::Movies => {
                // A title may contain the separator.
                let (id, rest) = line.split_once("::")?;
                let (title, genres) = rest.rsplit_once("::")?;
                Some(vec![id.into(), title.into(), genres.into()])
            }
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Data => "expected user, movie, rating and time with tabs between them, as in u.data",
            Self::Ratings => "expected user::movie::rating::time, as in ratings.dat",
            Self::Item => "expected the 24 fields of u.item with | between them",
            Self::Movies => "expected id::title::genres, as in movies.dat",
        }
    }

    fn note(self) -> String {
        let release = if self == Self::Item { "ml-100k" } else { "ml-1m" };
        format!("it is not UTF-8, so it is read as Latin-1, the encoding of {release}")
    }
}

fn four<'a>(fields: impl Iterator<Item = &'a str>) -> Option<Vec<Cow<'a, str>>> {
    let fields: Vec<Cow<'_, str>> = fields.map(Cow::Borrowed).collect();
    (fields.len() == 4).then_some(fields)
}

/// Id, title and genres of a line of `u.item`.
fn item(line: &str) -> Option<(&str, &str, String)> {
    let fields: Vec<&str> = line.split('|').collect();
    let marks = fields.get(BEFORE_GENRES..)?;
    if marks.len() != GENRES.len() || !marks.iter().all(|mark| ["0", "1"].contains(&mark.trim())) {
        return None;
    }
    let has_genre = |(_, mark): &(&&str, &&str)| mark.trim() == "1";
    let genres: Vec<&str> =
        GENRES.iter().zip(marks).skip(1).filter(has_genre).map(|(genre, _)| *genre).collect();
    Some((fields[0], fields[1], genres.join("|")))
}

/// `u.data`, or one of the splits in ml-100k, such as `u1.base` or `ua.test`.
fn has_name_of_ml_100k(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let parts = name.rsplit_once('.');
    name == "u.data"
        || parts.is_some_and(|(stem, end)| stem.starts_with('u') && ["base", "test"].contains(&end))
}

fn push_record(csv: &mut String, fields: &[Cow<'_, str>]) {
    for (column, field) in fields.iter().enumerate() {
        if column > 0 {
            csv.push(',');
        }
        if field.contains(['"', ',', '\r']) {
            csv.push('"');
            csv.push_str(&field.replace('"', "\"\""));
            csv.push('"');
        } else {
            csv.push_str(field);
        }
    }
}
