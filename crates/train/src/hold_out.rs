//! Hold-outs that depend only on user ids, movie ids and a seed.
//!
//! A rating is held out if the hash of user id, movie id and seed says so. So models that are trained on successive
//! states of the same data are measured on the same ratings, as far as both have them, whatever the order of the file
//! and whatever was added or removed elsewhere in it.

use matinee_model::artifact::GroupErrors;
use matinee_model::{IdTable, UserRow};

use crate::ratings::{Dataset, Rating, Ratings};
use crate::seeds::{hash, share_of};

/// Where each pair of user and movie falls between 0 and 1.
pub(crate) struct Shares {
    users: Vec<u64>,
    movies: Vec<u64>,
}

impl Shares {
    /// Of the users and movies with these ids, by row.
    pub(crate) fn new(users: IdTable<'_>, movies: IdTable<'_>, seed: u64) -> Self {
        let hashes = |ids: IdTable<'_>| ids.iter().map(|id| hash(seed, id)).collect();
        Self { users: hashes(users), movies: hashes(movies) }
    }

    /// Of a rating by these rows.
    pub(crate) fn of(&self, rating: &Rating) -> f64 {
        share_of(self.users[rating.user.index()], self.movies[rating.movie.index()])
    }

    /// Marks the ratings in the part of the unit circle that begins at `start` and is `length` long, or the first one after
    /// `start` if there is none.
    fn marks(&self, ratings: &Ratings, start: f64, length: f64) -> Vec<bool> {
        let place = |rating: Rating| (self.of(&rating) - start).rem_euclid(1.0);
        let mut marks: Vec<bool> = ratings.iter().map(|rating| place(rating) < length).collect();
        if !marks.contains(&true)
            && let Some((first, _)) = ratings.iter().map(place).enumerate().min_by(|a, b| a.1.total_cmp(&b.1))
        {
            marks[first] = true;
        }
        marks
    }
}

/// Whether a hold-out of this share of so many ratings, rounded, is empty.
pub(crate) fn is_empty(rating_count: usize, fraction: f64) -> bool {
    (rating_count as f64 * fraction).round() < 1.0
}

impl Dataset {
    /// Marks about `fraction` of these ratings of the data set. Each rating is marked independently, so their number varies.
    /// At least one is marked if `fraction` of them, rounded, is at least one; otherwise none.
    pub fn hold_out(&self, ratings: &Ratings, fraction: f64, seed: u64) -> Vec<bool> {
        self.hold_outs(ratings, fraction, 1, seed).remove(0)
    }

    /// The marks of `count` hold-outs, each like [`hold_out`](Self::hold_out), which is the first. No rating is in two of
    /// them, unless there are hardly any ratings.
    pub fn hold_outs(&self, ratings: &Ratings, fraction: f64, count: usize, seed: u64) -> Vec<Vec<bool>> {
        if is_empty(ratings.len(), fraction) {
            return vec![vec![false; ratings.len()]; count];
        }
        let shares = Shares::new(self.user_ids.table(), self.movie_ids.table(), seed);
        (0..count).map(|index| shares.marks(ratings, index as f64 * fraction, fraction)).collect()
    }

    /// The number of users' groups in which the errors on a hold-out are summed.
    pub const ERROR_GROUPS: u64 = 32;

    /// The group of each user: by the id alone, so that it is the same in other data sets.
    pub fn error_groups(&self) -> Vec<usize> {
        let group = |id: &str| (hash(0, id) % Self::ERROR_GROUPS) as usize;
        self.user_ids.table().iter().map(group).collect()
    }

    /// These errors of predictions, squared and summed by the groups of their users.
    pub(crate) fn group_errors(&self, errors: impl Iterator<Item = (UserRow, f32)>) -> GroupErrors {
        let group_of = self.error_groups();
        let groups = Self::ERROR_GROUPS as usize;
        let mut sums = GroupErrors { counts: vec![0; groups], squares: vec![0.0; groups] };
        for (user, error) in errors {
            let group = group_of[user.index()];
            sums.counts[group] += 1;
            sums.squares[group] += f64::from(error).powi(2);
        }
        sums
    }
}
