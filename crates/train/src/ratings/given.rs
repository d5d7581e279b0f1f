//! The ratings of one file, one by one, for whoever does not train on them.

use matinee_model::RatingScale;

use super::common_scale::suggest_scale;
use super::faults::{FileFault, FileReport};
use super::form::{self, Content, Table};
use super::reader::RatingReader;
use super::{CsvFile, Fault, FaultKind, Report};

/// A rating in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenRating {
    /// Who rated.
    pub user: String,
    /// What was rated.
    pub movie: String,
    /// The rating.
    pub rating: f32,
    /// When, in microseconds since 1970, if the file has times.
    pub timestamp: Option<i64>,
    /// The line, from 1.
    pub line: u64,
}

/// Reads a file of ratings as [`check`](super::check) does, and reports all its faults. The ratings are those without
/// faults, in the order of the file.
pub fn read_ratings(file: &CsvFile, scale: RatingScale) -> (Vec<GivenRating>, Report) {
    let mut report = Report::default();
    let mut found = FileReport::new(&file.name);
    let mut ratings = Vec::new();
    let mut range = None;
    if form::is_blank(&file.bytes) {
        let detail =
            "there are no ratings; it needs a header such as userId,movieId,rating,timestamp".to_owned();
        report.add(FaultKind::NoRatings, || Fault { file: file.name.clone(), line: 0, detail });
        return (ratings, report);
    }
    match form::open(file, Content::Ratings) {
        Ok(table) => {
            table.faults.iter().for_each(|fault| found.add(fault.clone()));
            if let Some(note) = &table.note {
                report.note(&file.name, note);
            }
            match RatingReader::new(&table.csv, scale) {
                Ok(mut reader) => {
                    read_records(&mut reader, &table, &mut ratings, &mut found);
                    range = Some(reader.range());
                }
                Err((kind, detail)) => found.add(FileFault { line: 1, kind, detail }),
            }
        }
        Err(fault) => found.add(fault),
    }
    found.finish(&mut report);
    if let Some(range) = range {
        suggest_scale(range, ratings.len(), &mut report);
    }
    (ratings, report)
}

fn read_records(
    reader: &mut RatingReader<'_>,
    table: &Table<'_>,
    ratings: &mut Vec<GivenRating>,
    found: &mut FileReport<'_>,
) {
    while let Some(read) = reader.next() {
        let read = read.map(|record| GivenRating {
            user: record.user.to_owned(),
            movie: record.movie.to_owned(),
            rating: record.value,
            timestamp: record.timestamp,
            line: 0,
        });
        let line = table.line(reader.line());
        match read {
            Ok(rating) => {
                ratings.push(GivenRating { line, ..rating });
                found.count_record();
            }
            Err((kind, detail)) => found.add(FileFault { line, kind, detail }),
        }
    }
}
