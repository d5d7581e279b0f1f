//! Hold-outs that depend only on user ids, movie ids and a seed.
//!
//! A rating is held out if the hash of user id, movie id and seed says so. So models that are trained on successive
//! states of the same data are measured on the same ratings, as far as both have them, whatever the order of the file
//! and whatever was added or removed elsewhere in it.

use crate::ratings::{Dataset, Rating};
use crate::seeds::{hash, share_of};

impl Dataset {
    /// Marks about `fraction` of these ratings of the data set. Each rating is marked independently, so their number varies.
    /// At least one is marked if `fraction` of them, rounded, is at least one; otherwise none.
    pub fn hold_out(&self, ratings: &[Rating], fraction: f64, seed: u64) -> Vec<bool> {
        if (ratings.len() as f64 * fraction).round() < 1.0 {
            return vec![false; ratings.len()];
        }
        let hashes =
            |ids: matinee_model::IdTable<'_>| -> Vec<u64> { ids.iter().map(|id| hash(seed, id)).collect() };
        let (users, movies) = (hashes(self.user_ids.table()), hashes(self.movie_ids.table()));
        let share = |rating: &Rating| share_of(users[rating.user.index()], movies[rating.movie.index()]);
        let mut marks: Vec<bool> = ratings.iter().map(|rating| share(rating) < fraction).collect();
        if !marks.contains(&true)
            && let Some(first) =
                (0..ratings.len()).min_by(|&a, &b| share(&ratings[a]).total_cmp(&share(&ratings[b])))
        {
            marks[first] = true;
        }
        marks
    }

    /// The number of users' groups in which the errors on a hold-out are summed.
    pub const ERROR_GROUPS: u64 = 32;

    /// The group of each user: by the id alone, so that it is the same in other data sets.
    pub fn error_groups(&self) -> Vec<usize> {
        let group = |id: &str| (hash(0, id) % Self::ERROR_GROUPS) as usize;
        self.user_ids.table().iter().map(group).collect()
    }
}
