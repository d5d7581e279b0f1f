//! Measures how high a ranking puts the movies that people later like.

use std::ops::Add;

use matinee_model::artifact::Ranking;
use matinee_model::ranking::{Ranked, RankingMethod, RankingView, Recency, Taste};
use matinee_model::{MovieRow, Rated, RatingScale};
use rayon::prelude::*;
use serde::Serialize;

use super::RankingTraining;
use crate::ratings::{Rating, Ratings};

/// The length of the list for the normalised discounted cumulative gain.
const GAIN_DEPTH: usize = 10;
/// The length of the list for the recall.
const RECALL_DEPTH: usize = 20;

/// The users to rank for, with what they had rated before and what they liked later.
pub struct RankingTest {
    users: Vec<User>,
    rating_counts: Vec<u32>,
    listed: Vec<bool>,
    scale: RatingScale,
    user_count: usize,
}

struct User {
    /// By ascending movie rows.
    rated: Vec<Rated>,
    /// The position of each rating in the order in which they were given. Without timestamps, that of the file.
    order: Vec<u32>,
    relevant: Vec<MovieRow>,
}

/// Means over the users who liked something in the hold-out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RankingMetrics {
    /// The normalised discounted cumulative gain of the top ten (NDCG@10), with gain 1 for each relevant movie.
    pub ndcg_at_10: f64,
    /// The number of relevant movies in the top twenty, relative to the largest possible number (recall@20).
    pub recall_at_20: f64,
    /// The share of the movies in the catalogue that are in the top ten of at least one user (coverage).
    pub coverage: f64,
    /// How surprising the top ten are: the mean of log2(users / users who rated the movie), in bits (novelty).
    pub novelty: f64,
    /// The number of users.
    pub users: usize,
}

/// Whether a rating shows that the movie was worth recommending: in the highest quarter of the scale, 4 stars of 5.
pub fn is_relevant(rating: f32, scale: RatingScale) -> bool {
    rating >= scale.min() + (scale.max() - scale.min()) * 0.75
}

impl From<RankingMetrics> for Ranking {
    fn from(metrics: RankingMetrics) -> Self {
        Self { ndcg_at_10: metrics.ndcg_at_10, recall_at_20: metrics.recall_at_20 }
    }
}

impl RankingTest {
    /// Tests models trained on `training` with the ratings in `test`. `None` if nobody liked anything in `test`.
    pub fn new(training: &RankingTraining<'_>, test: &Ratings) -> Option<Self> {
        let mut relevant = vec![Vec::new(); training.user_count];
        let can_be_found = |rating: &Rating| {
            is_relevant(rating.value, training.scale) && training.listed[rating.movie.index()]
        };
        for rating in test.iter().filter(can_be_found) {
            relevant[rating.user.index()].push(rating.movie);
        }
        // Of the other users, only the numbers of ratings count.
        let mut rated = vec![Vec::new(); training.user_count];
        let mut rating_counts = vec![0; training.movie_count];
        for (index, rating) in training.ratings.iter().enumerate() {
            rating_counts[rating.movie.index()] += 1;
            if !relevant[rating.user.index()].is_empty() {
                let given = training.timestamps.map(|timestamps| timestamps.get(index));
                rated[rating.user.index()].push((given, Rated { movie: rating.movie, rating: rating.value }));
            }
        }
        let users: Vec<User> = rated
            .into_iter()
            .zip(relevant)
            .filter(|(_, relevant)| !relevant.is_empty())
            .map(|(rated, relevant)| User::new(rated, relevant))
            .collect();
        let (scale, user_count) = (training.scale, training.user_count);
        let listed = training.listed.to_vec();
        (!users.is_empty()).then_some(Self { users, rating_counts, listed, scale, user_count })
    }

    /// Ranks, for each user, all movies of the catalogue that the user has not rated. Without a head, by popularity. With
    /// `recency`, signals fade.
    pub fn measure(
        &self,
        head: Option<(RankingMethod, RankingView<'_>)>,
        recency: Option<Recency>,
    ) -> RankingMetrics {
        let first: Vec<Vec<Ranked>> =
            self.users.par_iter().map(|user| self.first(user, head, recency)).collect();
        let count = self.users.len() as f64;
        let mean = |figure: fn(&User, &[Ranked]) -> f64| {
            self.users.iter().zip(&first).map(|(user, first)| figure(user, first)).sum::<f64>() / count
        };
        RankingMetrics {
            ndcg_at_10: mean(User::ndcg),
            recall_at_20: mean(User::recall),
            coverage: self.coverage(&first),
            novelty: self.novelty(&first),
            users: self.users.len(),
        }
    }

    #[cfg(test)]
    pub(super) fn rated(&self, user: usize) -> &[Rated] {
        &self.users[user].rated
    }

    fn first(
        &self,
        user: &User,
        head: Option<(RankingMethod, RankingView<'_>)>,
        recency: Option<Recency>,
    ) -> Vec<Ranked> {
        let order = user.order.iter().copied();
        let taste = match recency {
            Some(recency) => Taste::by_recency(head, &user.rated, order, recency, self.scale),
            None => Taste::new(head, &user.rated, self.scale),
        };
        let is_new = |movie: MovieRow| user.rated.binary_search_by_key(&movie, |rated| rated.movie).is_err();
        let admits = |movie: MovieRow| self.listed[movie.index()] && is_new(movie);
        taste.rank(&self.rating_counts, RECALL_DEPTH, None, admits)
    }

    fn coverage(&self, first: &[Vec<Ranked>]) -> f64 {
        let mut seen = vec![false; self.rating_counts.len()];
        first
            .iter()
            .flat_map(|first| first.iter().take(GAIN_DEPTH))
            .for_each(|r| seen[r.movie.index()] = true);
        let listed = self.listed.iter().filter(|&&listed| listed).count();
        seen.iter().filter(|&&seen| seen).count() as f64 / listed.max(1) as f64
    }

    fn novelty(&self, first: &[Vec<Ranked>]) -> f64 {
        let bits = |ranked: &Ranked| (self.user_count as f64 / f64::from(ranked.rating_count.max(1))).log2();
        let shown = || first.iter().flat_map(|first| first.iter().take(GAIN_DEPTH));
        shown().map(bits).fold(0.0, Add::add) / shown().count().max(1) as f64
    }
}

impl User {
    /// A user with these ratings, each with its time. Ratings with the same time are ordered as in the file.
    fn new(mut rated: Vec<(Option<i64>, Rated)>, relevant: Vec<MovieRow>) -> Self {
        rated.sort_by_key(|&(given, _)| given);
        let mut placed: Vec<(u32, Rated)> =
            (0..).zip(rated).map(|(place, (_, rated))| (place, rated)).collect();
        placed.sort_by_key(|(_, rated)| rated.movie);
        let (order, rated) = placed.into_iter().unzip();
        Self { rated, order, relevant }
    }

    fn ndcg(&self, first: &[Ranked]) -> f64 {
        let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let first = first.iter().take(GAIN_DEPTH).enumerate();
        let gain: f64 = first
            .filter(|(_, r)| self.relevant.contains(&r.movie))
            .map(|(i, _)| discount(i))
            .fold(0.0, Add::add);
        let ideal: f64 = (0..GAIN_DEPTH.min(self.relevant.len())).map(discount).sum();
        gain / ideal
    }

    fn recall(&self, first: &[Ranked]) -> f64 {
        let found = first.iter().filter(|ranked| self.relevant.contains(&ranked.movie)).count();
        found as f64 / RECALL_DEPTH.min(self.relevant.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::MovieAttributes;
    use matinee_model::UserRow;

    fn rating(user: u32, movie: u32, value: f32) -> Rating {
        Rating { user: UserRow(user), movie: MovieRow(movie), value }
    }

    #[test]
    fn popularity_is_measured_by_hand() {
        // Counts: movie 0 three, movie 1 two, movie 2 one, movie 3 none.
        let train = [
            rating(0, 0, 5.0),
            rating(1, 0, 5.0),
            rating(2, 0, 5.0),
            rating(1, 1, 3.0),
            rating(2, 1, 1.0),
            rating(2, 2, 4.0),
        ]
        .into();
        let training = RankingTraining {
            user_count: 4,
            movie_count: 4,
            ratings: &train,
            timestamps: None,
            listed: &[true; 4],
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 0,
            sampling: None,
        };
        assert!(RankingTest::new(&training, &[rating(0, 1, 3.5)].into()).is_none(), "nobody liked it");
        // User 0 sees 1, 2, 3 and likes 2 and 3; user 3 sees 0, 1, 2, 3 and likes 0.
        let test = [rating(0, 2, 4.0), rating(0, 3, 5.0), rating(3, 0, 4.5), rating(3, 1, 2.0)].into();
        let metrics = RankingTest::new(&training, &test).unwrap().measure(None, None);
        let discount = |place: f64| 1.0 / (place + 1.0).log2();
        let first_user = (discount(2.0) + discount(3.0)) / (discount(1.0) + discount(2.0));
        assert!((metrics.ndcg_at_10 - f64::midpoint(first_user, 1.0)).abs() < 1e-12);
        assert_eq!((metrics.recall_at_20, metrics.coverage, metrics.users), (1.0, 1.0, 2));
        let bits = [4.0_f64 / 3.0, 2.0, 4.0, 4.0].map(f64::log2);
        let shown = bits[1..].iter().sum::<f64>() + bits.iter().sum::<f64>();
        assert!((metrics.novelty - shown / 7.0).abs() < 1e-12);
    }

    #[test]
    fn metrics_of_a_useless_ranking_are_0_and_not_minus_0() {
        // User 0 sees only movie 1, which cannot be requested.
        let train = [rating(0, 0, 5.0), rating(1, 1, 5.0)].into();
        let training = RankingTraining {
            user_count: 2,
            movie_count: 2,
            ratings: &train,
            timestamps: None,
            listed: &[true, true],
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 0,
            sampling: None,
        };
        let mut test = RankingTest::new(&training, &[rating(0, 1, 5.0)].into()).unwrap();
        test.listed = vec![true, false];
        let RankingMetrics { ndcg_at_10, recall_at_20, coverage, novelty, .. } = test.measure(None, None);
        for metric in [ndcg_at_10, recall_at_20, coverage, novelty] {
            assert_eq!(metric.to_bits(), 0.0_f64.to_bits());
        }
    }

    #[test]
    fn the_order_of_ratings_is_that_of_their_times() {
        let given = |movie, time| (Some(time), Rated { movie: MovieRow(movie), rating: 4.0 });
        let user = User::new(vec![given(5, 30), given(2, 10), given(9, 10), given(1, 20)], Vec::new());
        let placed: Vec<(u32, u32)> =
            user.rated.iter().map(|rated| rated.movie.0).zip(user.order.iter().copied()).collect();
        assert_eq!(placed, [(1, 2), (2, 0), (5, 3), (9, 1)]);
    }

    #[test]
    fn movies_that_cannot_be_asked_for_are_not_ranked() {
        let train = [rating(0, 0, 5.0), rating(1, 2, 5.0), rating(2, 2, 5.0), rating(2, 1, 5.0)].into();
        let training = RankingTraining {
            user_count: 3,
            movie_count: 4,
            ratings: &train,
            timestamps: None,
            listed: &[true, true, false, true],
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 0,
            sampling: None,
        };
        assert!(RankingTest::new(&training, &[rating(0, 2, 5.0)].into()).is_none(), "nobody can find it");
        // User 0 sees 1 and 3, not 2, which is the most popular.
        let test = [rating(0, 1, 5.0), rating(0, 2, 5.0)].into();
        let metrics = RankingTest::new(&training, &test).unwrap().measure(None, None);
        assert_eq!((metrics.ndcg_at_10, metrics.recall_at_20, metrics.coverage), (1.0, 1.0, 2.0 / 3.0));
    }
}
