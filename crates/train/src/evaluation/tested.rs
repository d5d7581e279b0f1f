//! Predictions together with the actual ratings.

use matinee_model::{FactorsView, Intervals, MovieRow, RatingScale, UserRow};
use serde::Serialize;

use crate::ratings::{Dataset, Rating, Ratings};

/// A rating that was not learned from, with its prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The rating.
    pub rating: f32,
    /// The predicted rating, clipped to the scale and never rounded.
    pub score: f32,
    /// The number of training ratings of the user.
    pub user_ratings: u32,
    /// The number of training ratings of the movie.
    pub movie_ratings: u32,
    /// The prediction interval.
    pub interval: Option<[f32; 2]>,
}

/// The errors of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    /// The root mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
}

/// A rating to predict, for a user and a movie that may be unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestRating {
    /// Who rated.
    pub user: Option<UserRow>,
    /// What was rated.
    pub movie: Option<MovieRow>,
    /// The rating.
    pub rating: f32,
}

/// Puts the predictions `scores`, of what was learned from `train`, beside the ratings.
pub fn test(
    scores: &[f32],
    dataset: &Dataset,
    train: &Ratings,
    test_ratings: &[TestRating],
    intervals: Option<&Intervals>,
) -> Vec<Tested> {
    let user_ratings = counts(dataset.user_count(), train.iter().map(|rating| rating.user.index()));
    let movie_ratings = counts(dataset.movie_count(), train.iter().map(|rating| rating.movie.index()));
    let predict = |(rating, &score): (&TestRating, &f32)| {
        let user = rating.user.map_or(0, |user| user_ratings[user.index()]);
        let movie = rating.movie.map_or(0, |movie| movie_ratings[movie.index()]);
        let interval = intervals.map(|intervals| intervals.around(score, user, movie, dataset.scale));
        Tested { rating: rating.rating, score, user_ratings: user, movie_ratings: movie, interval }
    };
    test_ratings.iter().zip(scores).map(predict).collect()
}

/// Measures predictions of `ratings`. Without ratings both errors are 0.
pub fn measure(factors: FactorsView<'_>, ratings: &Ratings, scale: RatingScale) -> Errors {
    Errors::between(
        ratings
            .iter()
            .map(|rating| (rating.value, scale.clip(factors.score(Some(rating.user), Some(rating.movie))))),
    )
}

impl TestRating {
    /// The ratings of a data set with other rows, for movies that requests can ask for. Users and movies that only `other`
    /// has are unknown.
    pub fn elsewhere(learned: &Dataset, other: &Dataset) -> Vec<Self> {
        let users: Vec<Option<UserRow>> =
            other.user_ids.table().iter().map(|id| learned.user_ids.table().find(id).map(UserRow)).collect();
        let movies: Vec<Option<MovieRow>> = other
            .movie_ids
            .table()
            .iter()
            .map(|id| learned.movie_ids.table().find(id).map(MovieRow))
            .collect();
        let test_rating = |rating: Rating| Self {
            user: users[rating.user.index()],
            movie: movies[rating.movie.index()],
            rating: rating.value,
        };
        let has_catalogue = !learned.catalogue.is_empty();
        let is_listed =
            |rating: &Self| rating.movie.map_or(!has_catalogue, |movie| learned.listed[movie.index()]);
        other.ratings.iter().map(test_rating).filter(is_listed).collect()
    }
}

impl From<Rating> for TestRating {
    fn from(Rating { user, movie, value }: Rating) -> Self {
        Self { user: Some(user), movie: Some(movie), rating: value }
    }
}

impl Errors {
    /// The errors of these predictions. 0 if there are none.
    pub fn of<'a>(tested: impl IntoIterator<Item = &'a Tested>) -> Self {
        Self::between(tested.into_iter().map(|tested| (tested.rating, tested.score)))
    }

    fn between(pairs: impl Iterator<Item = (f32, f32)>) -> Self {
        let (mut count, mut squares, mut absolutes) = (0_usize, 0.0, 0.0);
        for (rating, score) in pairs {
            let error = f64::from(rating) - f64::from(score);
            squares += error * error;
            absolutes += error.abs();
            count += 1;
        }
        let count = count.max(1) as f64;
        Self { rmse: (squares / count).sqrt(), mae: absolutes / count }
    }
}

fn counts(rows: usize, occurring: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut counts = vec![0; rows];
    for row in occurring {
        counts[row] += 1;
    }
    counts
}
