//! Of many users, some are enough to learn the ranking head from.
//!
//! The head has factors or weights of movies only. What matters is how many ratings each movie has, not how many users
//! there are: a user who asks is folded in from their own ratings, whether the head has learned from them or not. So above
//! some number of ratings for each movie, it learns from a sample of the users. A user is in it if the hash of the user's id
//! and the seed says so. So the samples of successive states of the same data have nearly the same users.

use matinee_model::{IdTable, UserRow};

use super::RankingTraining;
use crate::progress::Progress;
use crate::ratings::{Rating, Ratings, Timestamps};
use crate::seeds::{derive, hash, share_of};

/// So many ratings are learned from, however few movies there are.
const RATINGS: usize = 2_000_000;
/// So many ratings are learned from for each movie that was rated.
const RATINGS_PER_MOVIE: usize = 50;

/// Which users the head learns from, if they have more ratings than are enough.
#[derive(Debug, Clone, Copy)]
pub struct Sampling<'a> {
    /// The ids of the users, by row.
    pub user_ids: IdTable<'a>,
    /// So many ratings are enough if there are few movies.
    pub ratings: usize,
    /// So many ratings are enough for each movie that was rated.
    pub ratings_per_movie: usize,
}

/// The ratings of some of the users, who have rows of their own.
#[derive(Debug, Clone)]
pub struct RankingSample {
    user_count: usize,
    ratings: Ratings,
    timestamps: Option<Timestamps>,
}

impl RankingTraining<'_> {
    /// The ratings of the users to learn from. `None` if these are all.
    pub fn sample(&self) -> Option<RankingSample> {
        let sampling = self.sampling?;
        let share = sampling.enough_for(self) as f64 / self.ratings.len().max(1) as f64;
        if share >= 1.0 {
            return None;
        }
        let rows = sampling.rows(share, self.seed);
        let row = |rating: &Rating| rows[rating.user.index()];
        let ratings = self.ratings.iter().filter_map(|rating| Some(Rating { user: row(&rating)?, ..rating }));
        let given = |(rating, given): (Rating, i64)| row(&rating).map(|_| given);
        Some(RankingSample {
            user_count: rows.iter().flatten().count(),
            ratings: ratings.collect(),
            timestamps: self
                .timestamps
                .map(|all| self.ratings.iter().zip(all.iter()).filter_map(given).collect()),
        })
    }

    /// What `learn` makes of these ratings, or of those of the sample.
    pub(super) fn sampled<T>(&self, learn: impl FnOnce(&RankingTraining<'_>) -> T) -> T {
        match self.sample() {
            Some(sample) => learn(&sample.training(self)),
            None => learn(self),
        }
    }
}

impl RankingSample {
    /// The training on this sample of `all`.
    pub fn training<'s>(&'s self, all: &RankingTraining<'s>) -> RankingTraining<'s> {
        RankingTraining {
            user_count: self.user_count,
            ratings: &self.ratings,
            timestamps: self.timestamps.as_ref(),
            sampling: None,
            ..*all
        }
    }

    /// Says how large the sample is.
    pub(crate) fn announce(&self, all: &RankingTraining<'_>, progress: &dyn Progress) {
        let (users, of_users) = (self.user_count, all.user_count);
        let (ratings, of_ratings) = (self.ratings.len(), all.ratings.len());
        progress.stage(&format!(
            "the ranking head learns from {users} of {of_users} users, with {ratings} of {of_ratings} ratings"
        ));
    }
}

impl<'a> Sampling<'a> {
    /// With the numbers that training uses.
    pub fn new(user_ids: IdTable<'a>) -> Self {
        Self { user_ids, ratings: RATINGS, ratings_per_movie: RATINGS_PER_MOVIE }
    }

    /// How many ratings are enough.
    fn enough_for(&self, training: &RankingTraining<'_>) -> usize {
        let mut is_rated = vec![false; training.movie_count];
        training.ratings.iter().for_each(|rating| is_rated[rating.movie.index()] = true);
        let rated_movies = is_rated.into_iter().filter(|&is_rated| is_rated).count();
        self.ratings.max(self.ratings_per_movie.saturating_mul(rated_movies))
    }

    /// For each user, the row in a sample with about this share of the users, if the user is in it.
    fn rows(&self, share: f64, seed: u64) -> Vec<Option<UserRow>> {
        let seed = derive(seed, "ranking sample", 0);
        let mut next = 0..;
        let row = |id: &str| {
            let is_in = share_of(hash(seed, id), 0) < share;
            if is_in { next.next().map(UserRow) } else { None }
        };
        self.user_ids.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::MovieAttributes;
    use crate::evaluation::TestRating;
    use matinee_model::{Ids, MovieRow, RatingScale};

    /// 400 users, whose ids are from `first` on, each with five of 20 movies. Each time is the number of the user.
    fn with_sample<T>(
        first: usize,
        ratings_per_movie: usize,
        test: impl FnOnce(&RankingTraining<'_>, Option<RankingSample>, &Ids) -> T,
    ) -> T {
        let ids: Vec<String> = (first..first + 400).map(|id| id.to_string()).collect();
        let ids = Ids::new(ids.iter().map(String::as_str));
        let rating = |index: u32| Rating {
            user: UserRow(index % 400),
            movie: MovieRow((index % 400 + index / 400 * 3) % 20),
            value: 4.0,
        };
        let ratings: Ratings = (0..2_000).map(rating).collect();
        let timestamps: Timestamps = ratings.iter().map(|rating| rating.user.0.into()).collect();
        let training = RankingTraining {
            user_count: 400,
            movie_count: 30,
            ratings: &ratings,
            timestamps: Some(&timestamps),
            listed: &[true; 30],
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 3,
            sampling: Some(Sampling { user_ids: ids.table(), ratings: 100, ratings_per_movie }),
        };
        test(&training, training.sample(), &ids)
    }

    /// The ids of the sampled users.
    fn sampled_ids(first: usize, ratings_per_movie: usize) -> Vec<String> {
        with_sample(first, ratings_per_movie, |_, sample, ids| {
            let all = ids.table();
            let users = sample.unwrap().timestamps.unwrap();
            let mut found: Vec<String> = users.iter().map(|user| all.id(user as usize).to_owned()).collect();
            found.sort_unstable();
            found.dedup();
            found
        })
    }

    #[test]
    fn users_are_in_it_as_a_whole_with_rows_of_their_own() {
        with_sample(1_000, 40, |all, sample, _| {
            let sample = sample.unwrap();
            // 20 movies with 40 ratings are 800 of 2,000 ratings, or 160 of 400 users.
            assert!((130..190).contains(&sample.user_count), "{}", sample.user_count);
            let training = sample.training(all);
            assert_eq!(training.ratings.len(), 5 * sample.user_count);
            let mut users: Vec<(u32, i64)> = training
                .ratings
                .iter()
                .zip(training.timestamps.unwrap().iter())
                .map(|(rating, user)| (rating.user.0, user))
                .collect();
            users.sort_unstable();
            users.dedup();
            assert_eq!(users.len(), sample.user_count, "a row is one user");
            assert!(users.iter().map(|user| user.0).eq(0..sample.user_count as u32));
            assert!(users.is_sorted_by_key(|user| user.1), "in the order of all rows");
            assert!(training.sample().is_none(), "a sample is not sampled again");
        });
    }

    #[test]
    fn few_ratings_are_all_learned_from() {
        with_sample(1_000, 100, |_, sample, _| assert!(sample.is_none()));
        with_sample(1_000, 99, |_, sample, _| assert!(sample.is_some()));
        // However few a movie needs, 100 ratings are enough, of about 20 users.
        with_sample(1_000, 1, |_, sample, _| assert!((8..40).contains(&sample.unwrap().user_count)));
    }

    #[test]
    fn a_user_stays_in_it_when_others_come_and_when_it_grows() {
        let is_in = |users: &[String]| {
            let common = |id: &&String| (1_200..1_400).contains(&id.parse::<usize>().unwrap_or_default());
            users.iter().filter(common).cloned().collect::<Vec<_>>()
        };
        let (before, after) = (sampled_ids(1_000, 40), sampled_ids(1_200, 40));
        assert!(is_in(&before).len() > 50);
        assert_eq!(is_in(&before), is_in(&after));
        let larger = sampled_ids(1_000, 60);
        assert!(larger.len() > before.len() && before.iter().all(|id| larger.contains(id)));
    }

    #[test]
    fn the_head_is_that_of_the_sampled_users_alone() {
        with_sample(1_000, 40, |all, sample, _| {
            let sample = sample.unwrap();
            let alone = sample.training(all).learn(&crate::progress::Silent);
            assert!(all.learn(&crate::progress::Silent) == alone);
            let whole = RankingTraining { sampling: None, ..*all };
            assert!(whole.learn(&crate::progress::Silent) != alone);
            let method = all.methods()[0];
            assert!(all.learn_by(method) == sample.training(all).learn_by(method));
            let asked: Vec<TestRating> = all.ratings.iter().take(9).map(TestRating::from).collect();
            let for_some = |training: &RankingTraining<'_>| training.learn_by_for(method, &asked);
            assert!(for_some(all) == for_some(&sample.training(all)));
            assert!(for_some(&whole) != for_some(all));
        });
    }
}
