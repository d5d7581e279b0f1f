//! Reads `ratings.csv` record by record.

use csv::ByteRecord;
use matinee_model::columns::{Column, MOVIE, RATING, TIMESTAMP, USER};
use matinee_model::{LineNumbers, MAX_ID_BYTES, RatingScale};

use super::{FaultKind, time};

/// Reads a `ratings.csv`. The header gives the order of the columns. A byte order mark and CRLF are accepted, and
/// timestamps are optional.
pub(super) struct RatingReader<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    columns: Columns,
    lines: LineNumbers<'a>,
    scale: RatingScale,
    range: Range,
}

/// The lowest and the highest of some ratings. Empty at first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range(Option<(f32, f32)>);

/// One record of a `ratings.csv`.
pub(super) struct RatingRecord<'r> {
    pub(super) user: &'r str,
    pub(super) movie: &'r str,
    pub(super) value: f32,
    /// In microseconds since 1970.
    pub(super) timestamp: Option<i64>,
}

/// A fault of a record, without its location.
pub(super) type RecordFault = (FaultKind, String);

struct Columns {
    user: usize,
    movie: usize,
    rating: usize,
    timestamp: Option<usize>,
    count: usize,
}

impl<'a> RatingReader<'a> {
    /// Reads the header.
    pub(super) fn new(csv: &'a [u8], scale: RatingScale) -> Result<Self, RecordFault> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let header = reader.byte_headers().map_err(|error| (FaultKind::Unreadable, error.to_string()))?;
        let columns = Columns::of(header)?;
        let lines = LineNumbers::new(csv);
        Ok(Self { reader, record: ByteRecord::new(), columns, lines, scale, range: Range::default() })
    }

    /// Whether the file has a column of timestamps.
    pub(super) fn has_timestamps(&self) -> bool {
        self.columns.timestamp.is_some()
    }

    /// The next record, or its fault. `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<RatingRecord<'_>, RecordFault>> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Some(parse(&self.record, &self.columns, self.scale, &mut self.range)),
            Ok(false) => None,
            Err(error) => Some(Err((FaultKind::Unreadable, error.to_string()))),
        }
    }

    /// The line of the record that was read last, from 1.
    pub(super) fn line(&mut self) -> u64 {
        self.lines.of(&self.record)
    }

    /// The range of all ratings that were read, whether on the scale or not.
    pub(super) fn range(&self) -> Range {
        self.range
    }
}

impl Range {
    /// Widens it to hold `other` too.
    pub(super) fn include(&mut self, other: Self) {
        self.0 = match (self.0, other.0) {
            (Some((low, high)), Some((min, max))) => Some((low.min(min), high.max(max))),
            (one, other) => one.or(other),
        };
    }

    /// The lowest and the highest, if there are any.
    pub(super) fn ends(self) -> Option<(f32, f32)> {
        self.0
    }
}

fn parse<'r>(
    record: &'r ByteRecord,
    columns: &Columns,
    scale: RatingScale,
    range: &mut Range,
) -> Result<RatingRecord<'r>, RecordFault> {
    if record.len() != columns.count {
        let detail = format!("{} fields, but the header has {}", record.len(), columns.count);
        return Err((FaultKind::FieldCount, detail));
    }
    let (user, movie) = (id(record, columns.user, "userId")?, id(record, columns.movie, "movieId")?);
    let value = number(text(record, columns.rating)?)?;
    range.include(Range(Some((value, value))));
    if !scale.contains(value) {
        return Err((FaultKind::OffScaleRating, format!("{value} is not on the scale {scale}")));
    }
    let timestamp = columns.timestamp.map(|column| timestamp(text(record, column)?)).transpose()?;
    Ok(RatingRecord { user, movie, value, timestamp })
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, RecordFault> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let require = |column: Column| {
            let missing =
                || (FaultKind::MissingColumn, format!("the header has no column `{}`", column.name));
            column.find(&names).ok_or_else(missing)
        };
        Ok(Self {
            user: require(USER)?,
            movie: require(MOVIE)?,
            rating: require(RATING)?,
            timestamp: TIMESTAMP.find(&names),
            count: header.len(),
        })
    }
}

fn text(record: &ByteRecord, column: usize) -> Result<&str, RecordFault> {
    std::str::from_utf8(&record[column])
        .map(str::trim)
        .map_err(|_| (FaultKind::Encoding, "not UTF-8; save the file as UTF-8".to_owned()))
}

fn id<'r>(record: &'r ByteRecord, column: usize, name: &str) -> Result<&'r str, RecordFault> {
    match text(record, column)? {
        "" => Err((FaultKind::EmptyId, format!("the {name} is empty"))),
        id if matinee_model::is_missing(id) => Err((FaultKind::EmptyId, missing(id, name))),
        id if id.contains('\0') => Err((FaultKind::Encoding, not_text(name))),
        id if id.len() > MAX_ID_BYTES => {
            let detail = format!("the {name} has {} bytes; an id has at most {MAX_ID_BYTES}", id.len());
            Err((FaultKind::LongId, detail))
        }
        id => Ok(id),
    }
}

/// The error for a field of the column `name` with a NUL byte.
pub(super) fn not_text(name: &str) -> String {
    format!("the {name} has a NUL byte, so it is not text; save the file as UTF-8")
}

/// The error for such an id in the column `name`.
pub(super) fn missing(id: &str, name: &str) -> String {
    format!(
        "the {name} is `{id}`, which programs write for a missing value; remove the line, or write the id"
    )
}

fn number(text: &str) -> Result<f32, RecordFault> {
    let value: f32 = text.parse().map_err(|_| {
        let hint = if text.contains(',') { "; write decimals with a point" } else { "" };
        (FaultKind::UnparsableRating, format!("`{text}` is not a number{hint}"))
    })?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err((FaultKind::NonFiniteRating, format!("`{text}` is not finite")))
    }
}

fn timestamp(text: &str) -> Result<i64, RecordFault> {
    let detail = || {
        format!(
            "`{text}` is not a valid time; write seconds since 1970 or a date such as 2022-06-24T21:20:11Z, or omit the column"
        )
    };
    time::microseconds(text).ok_or_else(|| (FaultKind::UnparsableTimestamp, detail()))
}
