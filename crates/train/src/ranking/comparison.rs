//! Compares the methods on ratings that they did not learn from.
//!
//! One hold-out is noisy: its choice changes the results by more than the methods differ. So the methods learn without
//! the last fifth of each user's ratings, and are then measured on two windows. The first window is the first half of that
//! fifth, ranked from the ratings before it. The second window is the second half, ranked from all ratings before it,
//! which include the first window. The last ratings are the latest, because recommended movies are watched after the
//! rated ones. If there are no timestamps, the order is random.

use matinee_model::artifact::Ranking;
use matinee_model::ranking::{RankingMethod, RankingView, Recency};

use super::{POPULARITY, RankingMetrics, RankingTest, RankingTraining};
use crate::ratings::{Ratings, Timestamps};
use crate::seeds::derive;
use crate::split;

/// The share of each user's ratings that is held out, half of it in each window.
const HOLD_OUT: f64 = 0.2;

/// The most users whose lists are measured. The standard error of the NDCG@10 of so many is about 0.003.
const MEASURED_USERS: usize = 10_000;

/// The share of a user's ratings after which signals have faded to 1/e. Values from 0.5 to 1 rank about equally well.
const FADES_OVER: f32 = 1.0;

/// The ratings that the methods learn from, and the windows that they are measured on.
pub(super) struct Comparison<'a> {
    training: RankingTraining<'a>,
    ratings: Ratings,
    windows: Vec<RankingTest>,
}

impl<'a> Comparison<'a> {
    /// `None` if there is no liked movie in the hold-out.
    pub(super) fn new(training: &RankingTraining<'a>) -> Option<Self> {
        let held_out = |share| match training.timestamps {
            Some(timestamps) => split::latest_per_user(training.ratings, timestamps, share),
            None => split::random_per_user(training.ratings, share, derive(training.seed, "windows", 0)),
        };
        let (both, second) = (held_out(HOLD_OUT), held_out(HOLD_OUT / 2.0));
        let first: Vec<bool> = both.iter().zip(&second).map(|(&both, &second)| both && !second).collect();
        let step = training.user_count.div_ceil(MEASURED_USERS).max(1) as u32;
        let windows = [(&both, &first), (&second, &second)];
        let windows = windows.into_iter().filter_map(|(unknown, tested)| {
            let (known, times) = training.without(unknown);
            let tested: Ratings = chosen(training.ratings.iter(), tested)
                .filter(|rating| rating.user.0.is_multiple_of(step))
                .collect();
            let known = RankingTraining { ratings: &known, timestamps: times.as_ref(), ..*training };
            RankingTest::new(&known, &tested)
        });
        let windows: Vec<RankingTest> = windows.collect();
        let (ratings, _) = training.without(&both);
        (!windows.is_empty()).then_some(Self { training: *training, ratings, windows })
    }

    /// The ratings that the methods learn from.
    pub(super) fn training(&self) -> RankingTraining<'_> {
        RankingTraining { ratings: &self.ratings, timestamps: None, ..self.training }
    }

    /// The results of ranking by popularity.
    pub(super) fn popularity(&self) -> (String, Ranking) {
        (POPULARITY.to_owned(), self.measure(None, None))
    }

    /// The results of one trained method, without and with fading signals.
    pub(super) fn of(&self, method: RankingMethod, view: RankingView<'_>) -> Vec<(String, Ranking)> {
        let measured = |recency| (method.name_with(recency), self.measure(Some((method, view)), recency));
        recencies(&self.training).into_iter().map(measured).collect()
    }

    /// The mean over the users of all windows.
    fn measure(&self, head: Option<(RankingMethod, RankingView<'_>)>, recency: Option<Recency>) -> Ranking {
        let found: Vec<RankingMetrics> =
            self.windows.iter().map(|window| window.measure(head, recency)).collect();
        let users = found.iter().map(|metrics| metrics.users).sum::<usize>() as f64;
        let mean = |figure: fn(&RankingMetrics) -> f64| {
            found.iter().map(|metrics| figure(metrics) * metrics.users as f64).sum::<f64>() / users
        };
        Ranking { ndcg_at_10: mean(|found| found.ndcg_at_10), recall_at_20: mean(|found| found.recall_at_20) }
    }
}

/// The ways in which signals can fade: not at all and, if there are timestamps, by recency.
pub(super) fn recencies(training: &RankingTraining<'_>) -> Vec<Option<Recency>> {
    let fading = training.timestamps.and_then(|_| Recency::new(FADES_OVER).ok());
    std::iter::once(None).chain(fading.map(Some)).collect()
}

impl RankingTraining<'_> {
    /// The ratings that are not marked, with their timestamps.
    pub(super) fn without(&self, marks: &[bool]) -> (Ratings, Option<Timestamps>) {
        let kept: Vec<bool> = marks.iter().map(|mark| !mark).collect();
        let times = self.timestamps.map(|times| chosen(times.iter(), &kept).collect());
        (chosen(self.ratings.iter(), &kept).collect(), times)
    }
}

fn chosen<T>(of: impl Iterator<Item = T>, marks: &[bool]) -> impl Iterator<Item = T> {
    of.zip(marks).filter(|(_, mark)| **mark).map(|(item, _)| item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::MovieAttributes;
    use crate::ratings::Rating;
    use matinee_model::{MovieRow, RatingScale, UserRow};

    /// One user rates ten movies, each with five stars and in reverse order; another user rates ten others.
    #[test]
    fn the_second_window_knows_the_first() {
        let rating = |movie: u32| Rating { user: UserRow(movie / 10), movie: MovieRow(movie), value: 5.0 };
        let ratings: Ratings = (0..20).map(rating).collect();
        let timestamps: Timestamps = (0..20).rev().collect();
        let training = RankingTraining {
            user_count: 2,
            movie_count: 20,
            ratings: &ratings,
            timestamps: Some(&timestamps),
            listed: &[true; 20],
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 0,
            sampling: None,
        };
        let comparison = Comparison::new(&training).unwrap();
        let learned: Vec<u32> = comparison.ratings.iter().map(|rating| rating.movie.0).collect();
        assert_eq!(learned, (2..10).chain(12..20).collect::<Vec<u32>>());
        let known =
            |window: &RankingTest| window.rated(0).iter().map(|rated| rated.movie.0).collect::<Vec<_>>();
        let windows: Vec<Vec<u32>> = comparison.windows.iter().map(known).collect();
        assert_eq!(windows, [(2..10).collect::<Vec<_>>(), (1..10).collect()]);
        assert_eq!(recencies(&training).len(), 2);
        assert_eq!(recencies(&comparison.training()), [None], "the methods learn without timestamps");
    }
}
