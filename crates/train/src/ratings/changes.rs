//! Ratings that came in since the files were written: given, changed and taken back.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord, Writer};
use hashbrown::HashSet;
use matinee_model::{Ids, MovieRow, UserRow};
use rayon::slice::ParallelSliceMut;

use super::interner::Interner;
use super::{Dataset, Rating};

/// What came in. It counts over the files. Ids are kept once, because there may be 100 million changes.
#[derive(Default)]
pub struct Changes {
    /// Users whose ratings in the files do not count, because they were deleted.
    forgotten: BTreeSet<String>,
    users: Interner,
    movies: Interner,
    /// At most one for each user and movie.
    rated: Vec<Change>,
}

/// A rating that was given, changed or taken back.
#[derive(Clone, Copy)]
struct Change {
    user: u32,
    movie: u32,
    /// The rating; `None` if it was taken back.
    rating: Option<f32>,
    /// In seconds since 1970.
    timestamp: i64,
}

/// Text that is not what [`Changes::to_csv`] writes.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not a change of a rating")]
pub struct ChangesError {
    line: u64,
}

impl Changes {
    /// The ratings of a user in the files do not count.
    pub fn forget(&mut self, user: &str) {
        self.forgotten.insert(user.to_owned());
    }

    /// A user gave this rating to a movie, or took it back, at this time in seconds since 1970. There must be no other
    /// change of the same user and movie.
    pub fn rate(&mut self, user: &str, movie: &str, rating: Option<f32>, timestamp: i64) {
        let (user, movie) = (self.users.row(user), self.movies.row(movie));
        self.rated.push(Change { user, movie, rating, timestamp });
    }

    /// The number of ratings that were given, changed or taken back.
    pub fn len(&self) -> usize {
        self.rated.len()
    }

    /// The number of users who were deleted or changed a rating.
    pub fn user_count(&self) -> usize {
        let is_forgotten = |user: &&str| self.forgotten.contains(*user);
        let both = self.users.ids().filter(is_forgotten).count();
        self.users.len() + self.forgotten.len() - both
    }

    /// Whether nothing came in.
    pub fn is_empty(&self) -> bool {
        self.rated.is_empty() && self.forgotten.is_empty()
    }

    /// The changes as CSV. It is the same for the same changes, in whatever order they came in: first the deleted users,
    /// each with empty fields; then the changes, oldest first, those that took a rating back without one.
    pub fn to_csv(&self) -> Vec<u8> {
        let mut csv = Writer::from_writer(Vec::new());
        // Writing to memory does not fail.
        for user in &self.forgotten {
            let _ = csv.write_record([user.as_str(), "", "", ""]);
        }
        let (users, movies) = self.ids();
        for Change { user, movie, rating, timestamp } in self.in_order() {
            let rating = rating.map(|rating| rating.to_string()).unwrap_or_default();
            let (user, movie) = (users[user as usize], movies[movie as usize]);
            let _ = csv.write_record([user, movie, &rating, &timestamp.to_string()]);
        }
        csv.into_inner().unwrap_or_default()
    }

    /// Reads what [`Self::to_csv`] wrote.
    pub fn from_csv(csv: &[u8]) -> Result<Self, ChangesError> {
        let (mut changes, mut record) = (Self::default(), StringRecord::new());
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(csv);
        let mut line = 1;
        while reader.read_record(&mut record).map_err(|_| ChangesError { line })? {
            changes.read(&record).ok_or(ChangesError { line })?;
            line += 1;
        }
        Ok(changes)
    }

    fn read(&mut self, record: &StringRecord) -> Option<()> {
        let [user, movie, rating, timestamp] = [0, 1, 2, 3].map(|field| record.get(field));
        let (user, movie, rating, timestamp) = (user?, movie?, rating?, timestamp?);
        if timestamp.is_empty() {
            self.forget(user);
            return Some(());
        }
        let rating = if rating.is_empty() { None } else { Some(rating.parse().ok()?) };
        self.rate(user, movie, rating, timestamp.parse().ok()?);
        Some(())
    }

    /// The ids of users and movies by row.
    fn ids(&self) -> (Vec<&str>, Vec<&str>) {
        (self.users.ids().collect(), self.movies.ids().collect())
    }

    /// The changes, oldest first. Those of the same second are in the order of their ids.
    fn in_order(&self) -> Vec<Change> {
        let (users, movies) = self.ids();
        let mut changes = self.rated.clone();
        changes.par_sort_unstable_by_key(|change| {
            (change.timestamp, users[change.user as usize], movies[change.movie as usize])
        });
        changes
    }
}

/// A rating by the ids of its user.
type Given<'d> = (&'d str, MovieRow, f32, i64);

impl Dataset {
    /// The data with the changes. A change is ignored if its movie is not in the data, or its rating is off the scale.
    /// Users without any rating are removed.
    #[must_use]
    pub fn with_changes(&self, changes: &Changes) -> Self {
        let (users, movies) = (self.user_ids.table(), self.movie_ids.table());
        let (changed_users, changed_movies) = changes.ids();
        let rows: Vec<Option<u32>> = changed_movies.iter().map(|movie| movies.find(movie)).collect();
        let meant = changes.in_order().into_iter().filter_map(|change| {
            let is_on_scale = change.rating.is_none_or(|rating| self.scale.contains(rating));
            rows[change.movie as usize].map(MovieRow).filter(|_| is_on_scale).map(|movie| (change, movie))
        });
        let meant: Vec<(Change, MovieRow)> = meant.collect();
        let replaced = meant.iter().filter_map(|(change, movie)| {
            users.find(changed_users[change.user as usize]).map(|user| (UserRow(user), *movie))
        });
        let replaced: HashSet<(UserRow, MovieRow)> = replaced.collect();
        let forgotten: HashSet<UserRow> =
            changes.forgotten.iter().filter_map(|user| users.find(user)).map(UserRow).collect();

        let time = |index: usize| self.timestamps.as_ref().map_or(0, |times| times.get(index));
        let of_files = self.ratings.iter().enumerate().filter_map(|(index, rating)| {
            let is_kept =
                !forgotten.contains(&rating.user) && !replaced.contains(&(rating.user, rating.movie));
            is_kept.then(|| (users.id(rating.user.index()), rating.movie, rating.value, time(index)))
        });
        let new = meant.iter().filter_map(|&(change, movie)| {
            let user = changed_users[change.user as usize];
            change.rating.map(|rating| (user, movie, rating, change.timestamp))
        });
        let given: Vec<Given<'_>> = of_files.chain(new).collect();
        self.of_given(&given)
    }

    /// The same movies with these ratings.
    fn of_given(&self, given: &[Given<'_>]) -> Self {
        let user_ids = Ids::new(given.iter().map(|&(user, ..)| user));
        let rating = |&(user, movie, value, _): &Given<'_>| Rating {
            user: UserRow(user_ids.table().find(user).unwrap_or_default()),
            movie,
            value,
        };
        Self {
            ratings: given.iter().map(rating).collect(),
            timestamps: self.timestamps.as_ref().map(|_| given.iter().map(|&(.., time)| time).collect()),
            movie_ids: self.movie_ids.clone(),
            catalogue: self.catalogue.clone(),
            listed: self.listed.clone(),
            attributes: self.attributes.clone(),
            scale: self.scale,
            records: None,
            record_count: given.len(),
            user_ids,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::{CsvFile, Inputs, check};
    use matinee_model::RatingScale;

    fn dataset(header: &str, lines: &[&str]) -> Dataset {
        let csv = |name: &str, text: String| CsvFile { name: name.to_owned(), bytes: text.into_bytes() };
        let movies = "movieId,title,genres\n10,Ten,\n20,Twenty,\n30,Thirty,\n".to_owned();
        let inputs = Inputs {
            ratings: vec![csv("ratings.csv", format!("{header}\n{}\n", lines.join("\n")))],
            movies: Some(csv("movies.csv", movies)),
            links: None,
        };
        check(&inputs, RatingScale::MOVIELENS).0
    }

    fn changes(forgotten: &[&str], rated: &[(&str, &str, Option<f32>, i64)]) -> Changes {
        let mut changes = Changes::default();
        for user in forgotten {
            changes.forget(user);
        }
        for &(user, movie, rating, time) in rated {
            changes.rate(user, movie, rating, time);
        }
        changes
    }

    /// Each rating with its ids, by user and movie.
    fn listed(dataset: &Dataset) -> Vec<(String, String, f32)> {
        let (users, movies) = (dataset.user_ids.table(), dataset.movie_ids.table());
        let one = |rating: Rating| {
            (
                users.id(rating.user.index()).to_owned(),
                movies.id(rating.movie.index()).to_owned(),
                rating.value,
            )
        };
        let mut all: Vec<_> = dataset.ratings.iter().map(one).collect();
        all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        all
    }

    const TIMED: &str = "userId,movieId,rating,timestamp";

    #[test]
    fn data_with_changes_is_the_data_of_a_file_that_has_them() {
        let before = dataset(TIMED, &["1,10,4,100", "1,20,3,200", "2,10,5,300", "3,30,1,400"]);
        let rated = [
            ("2", "gone", Some(2.5), 600),
            ("0", "30", Some(4.5), 700),
            ("2", "20", Some(9.0), 600),
            ("1", "20", None, 500),
            ("2", "10", Some(2.5), 600),
        ];
        let changes = changes(&["3"], &rated);
        let after = before.with_changes(&changes);
        let expected = dataset(TIMED, &["1,10,4,100", "2,10,2.5,600", "0,30,4.5,700"]);
        assert_eq!(after.ratings, expected.ratings);
        assert_eq!(after.timestamps, expected.timestamps);
        assert_eq!(after.user_ids, expected.user_ids);
        assert_eq!(after.movie_ids, expected.movie_ids);
        assert_eq!((after.records, after.record_count), (expected.records, expected.record_count));
    }

    #[test]
    fn a_forgotten_user_has_only_what_came_in_after() {
        let before = dataset("userId,movieId,rating", &["1,10,4", "2,10,5"]);
        let changes = changes(&["1"], &[("1", "30", Some(1.0), 9)]);
        let after = before.with_changes(&changes);
        let one = |user: &str, movie: &str, rating| (user.to_owned(), movie.to_owned(), rating);
        assert_eq!(listed(&after), [one("1", "30", 1.0), one("2", "10", 5.0)]);
        assert_eq!(after.timestamps, None);
        assert_eq!(listed(&before.with_changes(&Changes::default())), listed(&before));
    }
    #[test]
    fn changes_are_read_back_and_written_alike_in_any_order() {
        let rated = [
            ("1", "10", Some(0.1), 5),
            ("a,\"b", "é\n", None, 4),
            ("1", "20", Some(4.5), 5),
            ("0", "#", Some(3.0), -1),
        ];
        let one = changes(&["gone", "1"], &rated);
        let mut reversed = rated;
        reversed.reverse();
        let csv = one.to_csv();
        assert_eq!(csv, changes(&["1", "gone"], &reversed).to_csv());
        let text = String::from_utf8(csv.clone()).unwrap();
        assert!(text.starts_with("1,,,\ngone,,,\n0,#,3,-1\n"), "{text}");
        let read = Changes::from_csv(&csv).unwrap();
        assert_eq!((read.len(), read.to_csv()), (4, csv));
        assert!(Changes::from_csv(b"").unwrap().is_empty());
        for (text, line) in [("1,,,\n1,10,x,5\n", 2), ("1,10,3,then\n", 1), ("1,10\n", 1)] {
            assert_eq!(Changes::from_csv(text.as_bytes()).err().unwrap().line, line, "{text}");
        }
    }
}
