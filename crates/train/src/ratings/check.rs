//! Reading and checking in one pass: what `matinee check` reports is what training reads.

use hashbrown::HashMap;
use matinee_model::{
    Catalogue, CatalogueError, Ids, MovieFault, MovieReader, MovieRecord, MovieRow, RatingScale, UserRow,
};
use rayon::slice::ParallelSliceMut;

use crate::attributes::MovieAttributes;

use super::mismatch;
use super::reader::{RatingReader, RecordFault};
use super::{Dataset, Fault, FaultKind, Rating, Report};

/// A CSV file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFile {
    /// Its name, for messages.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The files of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The ratings, in one file or several parts.
    pub ratings: Vec<CsvFile>,
    /// The catalogue, where there is one.
    pub movies: Option<CsvFile>,
}

/// Reads the files and reports everything that is wrong with them. The data set holds what is right: it
/// is complete if the report [does not refuse training](Report::refuses_training).
pub fn check(inputs: &Inputs, scale: RatingScale) -> (Dataset, Report) {
    let mut report = Report::default();
    let catalogue = inputs.movies.as_ref().map(|file| read_catalogue(file, &mut report));
    let mut columns = Columns::default();
    for file in &inputs.ratings {
        columns.read(file, scale, &mut report);
    }
    if columns.ratings.is_empty() {
        let name = inputs.ratings.first().map_or("ratings.csv", |file| &file.name);
        let detail = "there is not one rating to learn from".to_owned();
        report.add(FaultKind::NoRatings, || Fault { file: name.to_owned(), line: 0, detail });
    }
    let dataset = columns.finish(catalogue, inputs, scale, &mut report);
    (dataset, report)
}

fn read_catalogue(file: &CsvFile, report: &mut Report) -> Catalogue {
    let mut records: Vec<MovieRecord> = Vec::new();
    let mut lines_by_id: HashMap<String, u64> = HashMap::new();
    let mut add = |kind, line, detail| report.add(kind, || Fault { file: file.name.clone(), line, detail });
    let reader = match MovieReader::new(&file.bytes) {
        Ok(reader) => reader,
        Err(CatalogueError { line, fault }) => {
            add(kind_of(&fault), line, fault.to_string());
            return Catalogue::empty();
        }
    };
    for read in reader {
        match read {
            Ok(record) => {
                if let Some(earlier) = lines_by_id.insert(record.id.clone(), record.line) {
                    let detail = format!("movie {} is on line {earlier} too", record.id);
                    add(FaultKind::DuplicateMovie, record.line, detail);
                }
                records.push(record);
            }
            Err(CatalogueError { line, fault }) => add(kind_of(&fault), line, fault.to_string()),
        }
    }
    Catalogue::from_records(records)
}

fn kind_of(fault: &MovieFault) -> FaultKind {
    match fault {
        MovieFault::MissingColumn(_) => FaultKind::MissingColumn,
        MovieFault::FieldCount { .. } => FaultKind::FieldCount,
        MovieFault::EmptyId => FaultKind::EmptyId,
        MovieFault::LongId(_) => FaultKind::LongId,
        MovieFault::Encoding => FaultKind::Encoding,
        MovieFault::Unreadable(_) => FaultKind::Unreadable,
    }
}

/// The ratings as they are read: rows in order of first appearance, duplicates included.
#[derive(Default)]
struct Columns {
    users: Interner,
    movies: Interner,
    ratings: Vec<Rating>,
    timestamps: Vec<i64>,
    lacks_timestamps: bool,
}

impl Columns {
    fn read(&mut self, file: &CsvFile, scale: RatingScale, report: &mut Report) {
        let fault = |line, detail| Fault { file: file.name.clone(), line, detail };
        let mut reader = match RatingReader::new(&file.bytes, scale) {
            Ok(reader) => reader,
            Err((kind, detail)) => return report.add(kind, || fault(1, detail)),
        };
        self.lacks_timestamps |= !reader.has_timestamps();
        while let Some(read) = reader.next() {
            match read {
                Ok(record) => {
                    let user = UserRow(self.users.row(record.user));
                    let movie = MovieRow(self.movies.row(record.movie));
                    self.ratings.push(Rating { user, movie, value: record.value });
                    self.timestamps.push(record.timestamp.unwrap_or_default());
                }
                Err((kind, detail)) => report.add(kind, || fault(reader.line(), detail)),
            }
        }
    }

    fn finish(
        mut self,
        catalogue: Option<Catalogue>,
        inputs: &Inputs,
        scale: RatingScale,
        report: &mut Report,
    ) -> Dataset {
        let record_count = self.ratings.len();
        let mut unknown = catalogue.as_ref().map(|catalogue| self.outside(catalogue)).unwrap_or_default();
        if let Some(fault) = catalogue.as_ref().and_then(|catalogue| self.mismatch(catalogue, inputs)) {
            report.add(FaultKind::OtherCatalogue, || fault);
            // One cause is one fault, not one more a rating.
            unknown.clear();
        }
        let overruled = overruled(&self.ratings);
        let tell = |kind, records: &[u32], detail: &str, report: &mut Report| {
            let shown = &records[..records.len().min(Report::SHOWN)];
            report.add_all(kind, records.len() as u64, locate(inputs, scale, shown, detail));
        };
        tell(FaultKind::DuplicateRating, &overruled, "is overruled by a later rating of this pair", report);
        tell(FaultKind::UnknownMovie, &unknown, "has no entry in the catalogue", report);

        let has_no_catalogue = catalogue.is_none();
        let catalogue = catalogue.unwrap_or_else(Catalogue::empty);
        let user_ids = Ids::new(self.users.ids());
        let movie_ids = Ids::new(self.movies.ids().chain(catalogue.ids().iter()));
        let user_rows = self.users.rows_in(&user_ids);
        let movie_rows = self.movies.rows_in(&movie_ids);
        for rating in &mut self.ratings {
            rating.user = UserRow(user_rows[rating.user.index()]);
            rating.movie = MovieRow(movie_rows[rating.movie.index()]);
        }
        let records = self.drop_records(&overruled);
        let timestamps = (!self.lacks_timestamps).then_some(self.timestamps);
        let is_listed = |id| has_no_catalogue || catalogue.ids().find(id).is_some();
        let listed = movie_ids.table().iter().map(is_listed).collect();
        Dataset {
            attributes: MovieAttributes::new(&catalogue, movie_ids.table()),
            user_ids,
            movie_ids,
            ratings: self.ratings,
            timestamps,
            listed,
            catalogue,
            scale,
            records,
            record_count,
        }
    }

    /// The fault of ratings that are of other movies than those of the catalogue, if they are.
    fn mismatch(&self, catalogue: &Catalogue, inputs: &Inputs) -> Option<Fault> {
        let mut counts = vec![0_u64; self.movies.rows.len()];
        self.ratings.iter().for_each(|rating| counts[rating.movie.index()] += 1);
        let rated: Vec<(&str, u64)> = self.movies.ids().zip(counts).collect();
        let detail = mismatch::detail(&rated, catalogue)?;
        let file = inputs.ratings.first().map_or_else(String::new, |file| file.name.clone());
        Some(Fault { file, line: 0, detail })
    }

    /// The records of movies that are not in the catalogue.
    fn outside(&self, catalogue: &Catalogue) -> Vec<u32> {
        let table = catalogue.ids();
        let is_known: Vec<bool> = self.movies.ids().map(|id| table.find(id).is_some()).collect();
        let outside = |rating: &Rating| !is_known[rating.movie.index()];
        (0..).zip(&self.ratings).filter(|(_, rating)| outside(rating)).map(|(record, _)| record).collect()
    }

    /// Takes out the records in `dropped`, ascending, and tells which are left.
    fn drop_records(&mut self, dropped: &[u32]) -> Option<Vec<u32>> {
        if dropped.is_empty() {
            return None;
        }
        let all = 0..self.ratings.len() as u32;
        let kept: Vec<u32> = all.filter(|record| dropped.binary_search(record).is_err()).collect();
        self.ratings = kept.iter().map(|&record| self.ratings[record as usize]).collect();
        self.timestamps = kept.iter().map(|&record| self.timestamps[record as usize]).collect();
        Some(kept)
    }
}

/// The records whose (user, movie) pair comes again later, ascending.
fn overruled(ratings: &[Rating]) -> Vec<u32> {
    let mut pairs: Vec<(u64, u32)> = ratings
        .iter()
        .zip(0..)
        .map(|(rating, record)| (u64::from(rating.user.0) << 32 | u64::from(rating.movie.0), record))
        .collect();
    pairs.par_sort_unstable();
    let mut overruled: Vec<u32> =
        pairs.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].1).collect();
    overruled.sort_unstable();
    overruled
}

/// Finds the lines of records, which are counted without the faulty ones, by reading the files again:
/// few files need it, and the others need not remember a line a rating.
fn locate(inputs: &Inputs, scale: RatingScale, records: &[u32], detail: &str) -> Vec<Fault> {
    let mut wanted = records.iter().copied().peekable();
    let mut located = Vec::with_capacity(records.len());
    let mut record = 0;
    for file in &inputs.ratings {
        let Ok(mut reader) = RatingReader::new(&file.bytes, scale) else { continue };
        while wanted.peek().is_some() {
            let pair = match reader.next() {
                None => break,
                Some(Err::<_, RecordFault>(_)) => continue,
                Some(Ok(read)) => (wanted.peek() == Some(&record))
                    .then(|| format!("user {}, movie {} {detail}", read.user, read.movie)),
            };
            if let Some(detail) = pair {
                located.push(Fault { file: file.name.clone(), line: reader.line(), detail });
                wanted.next();
            }
            record += 1;
        }
    }
    located
}

/// Numbers ids in the order in which they first appear.
#[derive(Default)]
struct Interner {
    rows: HashMap<String, u32>,
}

impl Interner {
    fn row(&mut self, id: &str) -> u32 {
        let next = self.rows.len() as u32;
        *self.rows.entry_ref(id).or_insert(next)
    }

    /// The ids in the order of their rows.
    fn ids(&self) -> impl Iterator<Item = &str> {
        let mut ids = vec![""; self.rows.len()];
        for (id, &row) in &self.rows {
            ids[row as usize] = id;
        }
        ids.into_iter()
    }

    /// For each row the row of the same id in `sorted`.
    fn rows_in(&self, sorted: &Ids) -> Vec<u32> {
        let table = sorted.table();
        self.ids().map(|id| table.find(id).unwrap_or_default()).collect()
    }
}
