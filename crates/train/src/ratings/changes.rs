//! Ratings that came in since the files were written: given, changed and taken back.

use std::collections::{HashMap, HashSet};

use matinee_model::{Ids, MovieRow, UserRow};

use super::{Dataset, Rating};

/// What came in. It counts over the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Users whose ratings in the files do not count, because they were deleted.
    pub forgotten: HashSet<String>,
    /// The changes, oldest first, at most one for each user and movie.
    pub changes: Vec<Change>,
}

/// A rating that was given, changed or taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Who rated.
    pub user: String,
    /// What was rated.
    pub movie: String,
    /// The rating; `None` if it was taken back.
    pub rating: Option<f32>,
    /// When, in seconds since 1970.
    pub timestamp: i64,
}

/// A rating by the ids of its user.
type Given<'d> = (&'d str, MovieRow, f32, i64);

impl Dataset {
    /// The data with the changes. A change is ignored if its movie is not in the data, or its rating is off the scale.
    /// Users without any rating are removed.
    #[must_use]
    pub fn with_changes(&self, changes: &Changes) -> Self {
        let (users, movies) = (self.user_ids.table(), self.movie_ids.table());
        let meant = changes.changes.iter().filter_map(|change| {
            let is_on_scale = change.rating.is_none_or(|rating| self.scale.contains(rating));
            movies.find(&change.movie).map(MovieRow).filter(|_| is_on_scale).map(|movie| (change, movie))
        });
        let meant: Vec<(&Change, MovieRow)> = meant.collect();
        let by_pair: HashMap<(&str, MovieRow), Option<f32>> =
            meant.iter().map(|(change, movie)| ((change.user.as_str(), *movie), change.rating)).collect();

        let time = |index: usize| self.timestamps.as_ref().map_or(0, |times| times[index]);
        let of_files = self.ratings.iter().enumerate().filter_map(|(index, rating)| {
            let user = users.id(rating.user.index());
            let is_kept = !changes.forgotten.contains(user) && !by_pair.contains_key(&(user, rating.movie));
            is_kept.then(|| (user, rating.movie, rating.value, time(index)))
        });
        let new = meant.iter().filter_map(|(change, movie)| {
            change.rating.map(|rating| (change.user.as_str(), *movie, rating, change.timestamp))
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

    fn change(user: &str, movie: &str, rating: Option<f32>, timestamp: i64) -> Change {
        Change { user: user.to_owned(), movie: movie.to_owned(), rating, timestamp }
    }

    /// Each rating with its ids, by user and movie.
    fn listed(dataset: &Dataset) -> Vec<(String, String, f32)> {
        let (users, movies) = (dataset.user_ids.table(), dataset.movie_ids.table());
        let one = |rating: &Rating| {
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
        let changes = Changes {
            forgotten: HashSet::from(["3".to_owned()]),
            changes: vec![
                change("1", "20", None, 500),
                change("2", "10", Some(2.5), 600),
                change("2", "gone", Some(2.5), 600),
                change("2", "20", Some(9.0), 600),
                change("0", "30", Some(4.5), 700),
            ],
        };
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
        let forgotten = HashSet::from(["1".to_owned()]);
        let changes = Changes { forgotten, changes: vec![change("1", "30", Some(1.0), 9)] };
        let after = before.with_changes(&changes);
        let one = |user: &str, movie: &str, rating| (user.to_owned(), movie.to_owned(), rating);
        assert_eq!(listed(&after), [one("1", "30", 1.0), one("2", "10", 5.0)]);
        assert_eq!(after.timestamps, None);
        assert_eq!(listed(&before.with_changes(&Changes::default())), listed(&before));
    }
}
