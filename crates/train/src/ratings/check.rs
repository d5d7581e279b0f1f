//! Reads and checks files in one pass, so that `matinee check` reports exactly what training reads.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use matinee_model::artifact::FileDigest;
use matinee_model::{
    Catalogue, CatalogueError, Ids, Links, MovieFault, MovieReader, MovieRecord, MovieRow, RatingScale,
    UserRow,
};

use super::common_scale::suggest_scale;
use super::faults::{FileFault, FileReport};
use super::form::{self, Content, Table};
use super::identities;
use super::interner::Interner;
use super::links;
use super::pairs::replaced;
use super::reader::{self, Range, RatingReader, RecordFault};
use super::{Dataset, Fault, FaultKind, Rating, Report, time};

/// The digests of files that were read, by name.
pub type Digests = BTreeMap<String, FileDigest>;

/// A file in memory, in any of the accepted formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFile {
    /// Its name: for messages, and to distinguish formats that look alike.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The files of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The ratings, in one file or several parts.
    pub ratings: Vec<CsvFile>,
    /// The catalogue, if there is one.
    pub movies: Option<CsvFile>,
    /// `links.csv`, if there is one.
    pub links: Option<CsvFile>,
}

impl Inputs {
    /// All files, the ratings last.
    pub fn files(&self) -> impl Iterator<Item = &CsvFile> {
        self.movies.iter().chain(&self.links).chain(&self.ratings)
    }

    /// Their digests: all that a manifest needs, so the files can be dropped when they have been read.
    pub fn digests(&self) -> Digests {
        self.files().map(|file| (file.name.clone(), FileDigest::of(&file.bytes))).collect()
    }
}

/// Reads the files and reports all their faults. The data set contains the records without faults. It is complete if the
/// report [does not refuse training](Report::refuses_training).
pub fn check(inputs: &Inputs, scale: RatingScale) -> (Dataset, Report) {
    let mut report = Report::default();
    let catalogue = read_catalogue(inputs.movies.as_ref(), inputs.links.as_ref(), &mut report);
    let is_whole = !report.refuses_training();
    let tables = open_ratings(&inputs.ratings, &mut report);
    let mut columns = Columns::default();
    for (name, table) in &tables {
        columns.read(name, table, scale, &mut report);
    }
    suggest_scale(columns.range, columns.ratings.len(), &mut report);
    if columns.ratings.is_empty() && !report.refuses_training() {
        let name = inputs.ratings.first().map_or("ratings.csv", |file| &file.name);
        let detail = "there are no ratings to learn from".to_owned();
        report.add(FaultKind::NoRatings, || Fault { file: name.to_owned(), line: 0, detail });
    }
    let dataset = columns.finish(catalogue, is_whole, &tables, scale, &mut report);
    (dataset, report)
}

/// Reads the catalogue and its links, if there are any, and reports their faults.
pub(crate) fn read_catalogue(
    movies: Option<&CsvFile>,
    links: Option<&CsvFile>,
    report: &mut Report,
) -> Option<Catalogue> {
    let catalogue = read_titles(movies?, report);
    Some(match links {
        Some(file) => catalogue.with_links(&links::read(file, report)),
        None => catalogue,
    })
}

/// Opens the files with ratings. Empty parts are skipped.
fn open_ratings<'a>(files: &'a [CsvFile], report: &mut Report) -> Vec<(&'a str, Table<'a>)> {
    let mut tables = Vec::with_capacity(files.len());
    // Parts usually have the same format, so a note or fault of several parts is reported once.
    let mut notes: Vec<(&str, String, u64)> = Vec::new();
    let mut refused: Vec<(&str, FileFault, u64)> = Vec::new();
    for file in files.iter().filter(|file| !form::is_blank(&file.bytes)) {
        match form::open(file, Content::Ratings) {
            Ok(table) => {
                if let Some(note) = &table.note {
                    match notes.iter_mut().find(|(_, other, _)| other == note) {
                        Some((_, _, more)) => *more += 1,
                        None => notes.push((&file.name, note.clone(), 0)),
                    }
                }
                tables.push((file.name.as_str(), table));
            }
            Err(fault) => match refused.iter_mut().find(|(_, other, _)| other.has_cause_of(&fault)) {
                Some((_, _, more)) => *more += 1,
                None => refused.push((&file.name, fault, 0)),
            },
        }
    }
    let and_others = |more: u64| match more {
        0 => String::new(),
        1 => "; the same is true of another file".to_owned(),
        more => format!("; the same is true of {more} other files"),
    };
    for (name, note, more) in notes {
        report.note(name, &(note + &and_others(more)));
    }
    for (name, FileFault { line, kind, detail }, more) in refused {
        let detail = detail + &and_others(more);
        report.add(kind, || Fault { file: name.to_owned(), line, detail });
    }
    tables
}

fn read_titles(file: &CsvFile, report: &mut Report) -> Catalogue {
    let mut found = FileReport::new(&file.name);
    let catalogue = match form::open(file, Content::Movies) {
        _ if form::is_blank(&file.bytes) => {
            let detail = "it is empty; it needs a header such as movieId,title,genres and one line per movie"
                .to_owned();
            found.add(FileFault { line: 0, kind: FaultKind::UnknownForm, detail });
            Catalogue::empty()
        }
        Err(fault) => {
            found.add(fault);
            Catalogue::empty()
        }
        Ok(table) => {
            if let Some(note) = &table.note {
                report.note(&file.name, note);
            }
            read_movies(&table, &mut found)
        }
    };
    found.finish(report);
    catalogue
}

fn read_movies(table: &Table<'_>, found: &mut FileReport<'_>) -> Catalogue {
    let mut records = Vec::new();
    let mut lines_by_id: HashMap<String, u64> = HashMap::new();
    table.faults.iter().for_each(|fault| found.add(fault.clone()));
    let refused = |CatalogueError { line, fault }: CatalogueError| FileFault {
        line: line - table.added_lines.min(line),
        kind: kind_of(&fault),
        detail: fault.to_string(),
    };
    let reader = match MovieReader::new(&table.csv) {
        Ok(reader) => reader,
        Err(error) => {
            found.add(refused(error));
            return Catalogue::empty();
        }
    };
    for read in reader {
        match read {
            Ok(record) if matinee_model::is_missing(&record.id) => found.add(FileFault {
                line: record.line - table.added_lines,
                kind: FaultKind::EmptyId,
                detail: reader::missing(&record.id, "movieId"),
            }),
            Ok(record) => {
                let line = record.line - table.added_lines;
                found.count_record();
                if let Some(earlier) = lines_by_id.insert(record.id.clone(), line) {
                    let detail = format!("movie {} is on line {earlier} too", record.id);
                    found.add_to_record(FileFault { line, kind: FaultKind::DuplicateMovie, detail });
                }
                let title = record.title.trim().to_owned();
                let links = Links::new(&record.links.imdb, &record.links.tmdb);
                records.push(MovieRecord { title, links, ..record });
            }
            Err(error) => found.add(refused(error)),
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

/// The ratings as they are read, with duplicates. Rows are in the order of first appearance.
#[derive(Default)]
struct Columns {
    users: Interner,
    movies: Interner,
    ratings: Vec<Rating>,
    /// In microseconds since 1970.
    times: Vec<i64>,
    /// The files without timestamps, and those with timestamps.
    files_by_times: [Vec<String>; 2],
    /// The lowest and the highest rating, whether on the scale or not.
    range: Range,
}

impl Columns {
    fn read(&mut self, name: &str, table: &Table<'_>, scale: RatingScale, report: &mut Report) {
        let mut found = FileReport::new(name);
        table.faults.iter().for_each(|fault| found.add(fault.clone()));
        match RatingReader::new(&table.csv, scale) {
            Ok(reader) => self.read_records(name, reader, table.added_lines, &mut found),
            Err((kind, detail)) => found.add(FileFault { line: 1, kind, detail }),
        }
        found.finish(report);
    }

    fn read_records(
        &mut self,
        name: &str,
        mut reader: RatingReader<'_>,
        added_lines: u64,
        found: &mut FileReport<'_>,
    ) {
        self.files_by_times[usize::from(reader.has_timestamps())].push(name.to_owned());
        while let Some(read) = reader.next() {
            match read {
                Ok(record) => {
                    let user = UserRow(self.users.row(record.user));
                    let movie = MovieRow(self.movies.row(record.movie));
                    self.ratings.push(Rating { user, movie, value: record.value });
                    self.times.push(record.timestamp.unwrap_or_default());
                    found.count_record();
                }
                Err((kind, detail)) => {
                    found.add(FileFault { line: reader.line() - added_lines, kind, detail });
                }
            }
        }
        self.range.include(reader.range());
    }

    fn finish(
        mut self,
        catalogue: Option<Catalogue>,
        is_whole: bool,
        tables: &[(&str, Table<'_>)],
        scale: RatingScale,
        report: &mut Report,
    ) -> Dataset {
        let record_count = self.ratings.len();
        let [without_times, with_times] = &self.files_by_times;
        if let ([file, ..], [_, ..]) = (without_times.as_slice(), with_times.as_slice()) {
            report.note(
                file,
                "it has no timestamps, so the order of files and lines decides which ratings are newer",
            );
        }
        let has_times = without_times.is_empty();
        let file = tables.first().map_or("ratings.csv", |(name, _)| name);
        // A movie with a faulty record is not an unknown movie.
        let whole = catalogue.as_ref().filter(|_| is_whole);
        let mut unknown = whole.map(|catalogue| self.outside(catalogue)).unwrap_or_default();
        if (whole.is_some() || catalogue.is_none())
            && !identities::check_movies(file, &self.rated_movies(), whole, report)
        {
            // The ratings have one cause in common, which is reported once.
            unknown.clear();
        }
        identities::check_users(file, &self.rating_users(), report);
        let replaced = replaced(&self.ratings, has_times.then_some(&self.times));
        let report_all = |kind, records: &[u32], detail: &str, report: &mut Report| {
            let shown = &records[..records.len().min(Report::SHOWN)];
            report.add_all(kind, records.len() as u64, locate(tables, scale, shown, detail));
        };
        let age = if has_times { "newer" } else { "later" };
        let detail = format!("is replaced by a {age} rating of this movie by this user");
        report_all(FaultKind::DuplicateRating, &replaced, &detail, report);
        report_all(FaultKind::UnknownMovie, &unknown, "has no entry in the catalogue", report);

        let user_ids = Ids::new(self.users.ids());
        let movie_ids = identities::movie_ids(self.movies.ids(), catalogue.as_ref());
        let user_rows = self.users.rows_in(&user_ids);
        let movie_rows = self.movies.rows_in(&movie_ids);
        for rating in &mut self.ratings {
            rating.user = UserRow(user_rows[rating.user.index()]);
            rating.movie = MovieRow(movie_rows[rating.movie.index()]);
        }
        let records = self.drop_records(&replaced);
        let timestamps = has_times.then(|| self.times.into_iter().map(time::seconds).collect());
        let dataset = Dataset::new(user_ids, movie_ids, self.ratings, timestamps, catalogue, scale);
        Dataset { records, record_count, ..dataset }
    }

    /// The rated movies, with their numbers of ratings.
    fn rated_movies(&self) -> Vec<(&str, u64)> {
        self.movies.with_counts(self.ratings.iter().map(|rating| rating.movie.index()))
    }

    /// The users, with their numbers of ratings.
    fn rating_users(&self) -> Vec<(&str, u64)> {
        self.users.with_counts(self.ratings.iter().map(|rating| rating.user.index()))
    }

    /// The records with movies that are not in the catalogue.
    fn outside(&self, catalogue: &Catalogue) -> Vec<u32> {
        let table = catalogue.ids();
        let is_known: Vec<bool> = self.movies.ids().map(|id| table.find(id).is_some()).collect();
        let outside = |rating: &Rating| !is_known[rating.movie.index()];
        (0..).zip(&self.ratings).filter(|(_, rating)| outside(rating)).map(|(record, _)| record).collect()
    }

    /// Removes the records in `dropped`, which are ascending, and returns the remaining ones.
    fn drop_records(&mut self, dropped: &[u32]) -> Option<Vec<u32>> {
        if dropped.is_empty() {
            return None;
        }
        let all = 0..self.ratings.len() as u32;
        let kept: Vec<u32> = all.filter(|record| dropped.binary_search(record).is_err()).collect();
        self.ratings = kept.iter().map(|&record| self.ratings[record as usize]).collect();
        self.times = kept.iter().map(|&record| self.times[record as usize]).collect();
        Some(kept)
    }
}

/// Finds the lines of records by reading the files again. Records are counted without the faulty ones. Few files need
/// this, so the line of each rating is not stored.
fn locate(tables: &[(&str, Table<'_>)], scale: RatingScale, records: &[u32], detail: &str) -> Vec<Fault> {
    let mut wanted = records.iter().copied().peekable();
    let mut located = Vec::with_capacity(records.len());
    let mut record = 0;
    for (name, table) in tables {
        let Ok(mut reader) = RatingReader::new(&table.csv, scale) else { continue };
        while wanted.peek().is_some() {
            let pair = match reader.next() {
                None => break,
                Some(Err::<_, RecordFault>(_)) => continue,
                Some(Ok(read)) => (wanted.peek() == Some(&record))
                    .then(|| format!("user {}, movie {} {detail}", read.user, read.movie)),
            };
            if let Some(detail) = pair {
                let line = reader.line() - table.added_lines;
                located.push(Fault { file: (*name).to_owned(), line, detail });
                wanted.next();
            }
            record += 1;
        }
    }
    located
}
