//! `ratings.csv`, record by record.

use csv::ByteRecord;
use matinee_model::{LineNumbers, MAX_ID_BYTES, RatingScale};

use super::FaultKind;

/// Reads a `ratings.csv`: columns by header in any order, with or without byte order mark, CRLF and
/// timestamps.
pub(super) struct RatingReader<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    columns: Columns,
    lines: LineNumbers<'a>,
    scale: RatingScale,
}

/// One record of a `ratings.csv`.
pub(super) struct RatingRecord<'r> {
    pub(super) user: &'r str,
    pub(super) movie: &'r str,
    pub(super) value: f32,
    pub(super) timestamp: Option<i64>,
}

/// What is wrong with a record, without its place.
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
        Ok(Self { reader, record: ByteRecord::new(), columns, lines: LineNumbers::new(csv), scale })
    }

    /// Whether the file has a column of timestamps.
    pub(super) fn has_timestamps(&self) -> bool {
        self.columns.timestamp.is_some()
    }

    /// The next record, or what is wrong with it; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<RatingRecord<'_>, RecordFault>> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Some(self.parse()),
            Ok(false) => None,
            Err(error) => Some(Err((FaultKind::Unreadable, error.to_string()))),
        }
    }

    /// The line of the record that was read last, from 1.
    pub(super) fn line(&mut self) -> u64 {
        self.lines.of(&self.record)
    }

    fn parse(&self) -> Result<RatingRecord<'_>, RecordFault> {
        let (columns, record) = (&self.columns, &self.record);
        if record.len() != columns.count {
            let detail = format!("{} fields where the header has {}", record.len(), columns.count);
            return Err((FaultKind::FieldCount, detail));
        }
        Ok(RatingRecord {
            user: id(record, columns.user, "userId")?,
            movie: id(record, columns.movie, "movieId")?,
            value: rating(text(record, columns.rating)?, self.scale)?,
            timestamp: columns.timestamp.map(|column| timestamp(text(record, column)?)).transpose()?,
        })
    }
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, RecordFault> {
        let find = |name: &str| header.iter().position(|field| field.trim_ascii() == name.as_bytes());
        let require = |name: &str| {
            let detail =
                || format!("the header has no column `{name}`; expected userId,movieId,rating[,timestamp]");
            find(name).ok_or_else(|| (FaultKind::MissingColumn, detail()))
        };
        Ok(Self {
            user: require("userId")?,
            movie: require("movieId")?,
            rating: require("rating")?,
            timestamp: find("timestamp"),
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
        id if id.len() > MAX_ID_BYTES => {
            let detail = format!("the {name} has {} bytes; an id has at most {MAX_ID_BYTES}", id.len());
            Err((FaultKind::LongId, detail))
        }
        id => Ok(id),
    }
}

fn rating(text: &str, scale: RatingScale) -> Result<f32, RecordFault> {
    let value: f32 =
        text.parse().map_err(|_| (FaultKind::UnparsableRating, format!("`{text}` is not a number")))?;
    if !value.is_finite() {
        return Err((FaultKind::NonFiniteRating, format!("`{text}` is not finite")));
    }
    if !scale.contains(value) {
        return Err((FaultKind::OffScaleRating, format!("{text} is not on the scale {scale}")));
    }
    Ok(value)
}

fn timestamp(text: &str) -> Result<i64, RecordFault> {
    let detail = || format!("`{text}` is not a number of seconds; correct it or leave the column out");
    text.parse().map_err(|_| (FaultKind::UnparsableTimestamp, detail()))
}
