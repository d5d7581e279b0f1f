//! The ratings of all files, while they are read.

use matinee_model::{Catalogue, Ids, MovieRow, RatingScale, UserRow};

use super::common_scale::suggest_scale;
use super::faults::{FileFault, FileReport};
use super::form::Table;
use super::identities;
use super::interner::Interner;
use super::moments::Moments;
use super::pairs::replaced;
use super::reader::{Range, RatingReader};
use super::record_lines::RecordLines;
use super::{Dataset, Fault, FaultKind, Rating, Ratings, Report};

/// The ratings as they are read, with duplicates. Rows are in the order of first appearance.
#[derive(Default)]
pub(super) struct Columns<'a> {
    users: Interner,
    movies: Interner,
    ratings: Ratings,
    times: Moments,
    lines: RecordLines<'a>,
    /// The first file without timestamps, and the first with timestamps.
    first_by_times: [Option<&'a str>; 2],
    /// The lowest and the highest rating, whether on the scale or not.
    range: Range,
}

impl<'a> Columns<'a> {
    /// The tables that follow are of this file.
    pub(super) fn begin_file(&mut self, name: &'a str) {
        self.lines.begin_file(name);
    }

    /// Reads a file, or the next piece of it.
    pub(super) fn read(&mut self, table: &Table<'_>, scale: RatingScale, found: &mut FileReport<'a>) {
        table.faults.iter().for_each(|fault| found.add(fault.clone()));
        match RatingReader::new(&table.csv, scale) {
            Ok(reader) => self.read_records(reader, table, found),
            Err((kind, detail)) => found.add(FileFault { line: 1, kind, detail }),
        }
    }

    fn read_records(&mut self, mut reader: RatingReader<'_>, table: &Table<'_>, found: &mut FileReport<'a>) {
        self.first_by_times[usize::from(reader.has_timestamps())].get_or_insert(found.file());
        while let Some(read) = reader.next() {
            match read {
                Ok(record) => {
                    let user = UserRow(self.users.row(record.user));
                    let movie = MovieRow(self.movies.row(record.movie));
                    let value = record.value;
                    self.times.push(record.timestamp.unwrap_or_default());
                    self.lines.push(self.ratings.len() as u32, table.line(reader.line()));
                    self.ratings.push(Rating { user, movie, value });
                    found.count_record();
                }
                Err((kind, detail)) => {
                    found.add(FileFault { line: table.line(reader.line()), kind, detail });
                }
            }
        }
        self.range.include(reader.range());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ratings.is_empty()
    }

    /// Adds to the first rating off the scale which scale may be meant.
    pub(super) fn suggest_scale(&self, report: &mut Report) {
        suggest_scale(self.range, self.ratings.len(), report);
    }

    /// Reports what is wrong with the ratings of all files together, and makes a data set of those that count.
    pub(super) fn finish(
        mut self,
        catalogue: Option<Catalogue>,
        is_whole: bool,
        scale: RatingScale,
        report: &mut Report,
    ) -> Dataset {
        let record_count = self.ratings.len();
        let [without_times, with_times] = self.first_by_times;
        if let (Some(file), Some(_)) = (without_times, with_times) {
            report.note(
                file,
                "it has no timestamps, so the order of files and lines decides which ratings are newer",
            );
        }
        let has_times = without_times.is_none();
        let file = self.lines.first_file().unwrap_or("ratings.csv");
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
        let age = if has_times { "newer" } else { "later" };
        let detail = format!("is replaced by a {age} rating of this movie by this user");
        self.report_all(FaultKind::DuplicateRating, &replaced, &detail, report);
        self.report_all(FaultKind::UnknownMovie, &unknown, "has no entry in the catalogue", report);

        let user_ids = Ids::new(self.users.ids());
        let movie_ids = identities::movie_ids(self.movies.ids(), catalogue.as_ref());
        let user_rows = self.users.rows_in(&user_ids);
        let movie_rows = self.movies.rows_in(&movie_ids);
        self.ratings.renumber(&user_rows, &movie_rows);
        let records = self.drop_records(&replaced);
        let timestamps = has_times.then(|| {
            let mut times = self.times.into_seconds();
            times.retain(all_but(&replaced));
            times
        });
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

    /// Reports that something is wrong with each of these records.
    fn report_all(&self, kind: FaultKind, records: &[u32], detail: &str, report: &mut Report) {
        if records.is_empty() {
            return;
        }
        let shown = &records[..records.len().min(Report::SHOWN)];
        let (users, movies): (Vec<&str>, Vec<&str>) =
            (self.users.ids().collect(), self.movies.ids().collect());
        let fault = |&record: &u32| {
            let (file, line) = self.lines.of(record)?;
            let Rating { user, movie, .. } = self.ratings.get(record as usize);
            let (user, movie) = (users[user.index()], movies[movie.index()]);
            let detail = format!("user {user}, movie {movie} {detail}");
            Some(Fault { file: file.to_owned(), line, detail })
        };
        report.add_all(kind, records.len() as u64, shown.iter().filter_map(fault).collect());
    }

    /// Removes the records in `dropped`, which are ascending, and returns the remaining ones.
    fn drop_records(&mut self, dropped: &[u32]) -> Option<Vec<u32>> {
        if dropped.is_empty() {
            return None;
        }
        let mut kept: Vec<u32> = (0..self.ratings.len() as u32).collect();
        let (mut of_records, mut of_ratings) = (all_but(dropped), all_but(dropped));
        kept.retain(|_| of_records());
        self.ratings.retain(|_| of_ratings());
        Some(kept)
    }
}

/// Says of one place after another whether it is none of these, which are ascending.
fn all_but(places: &[u32]) -> impl FnMut() -> bool {
    let mut places = places.iter().peekable();
    let mut place = 0;
    move || {
        let is_kept = places.next_if_eq(&&place).is_none();
        place += 1;
        is_kept
    }
}
