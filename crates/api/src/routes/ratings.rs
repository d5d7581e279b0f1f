//! What a user has rated.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use matinee_live_ratings::{Kept, Moment};
use matinee_model::{Model, MovieRow, OwnRating};
use matinee_serving::find_user;

use super::selection::filter;
use crate::error::ApiError;
use crate::http::{Json, PathUser, QueryParameters};
use crate::predict_error::PredictError;
use crate::request::{InvalidRequest, LastRating, RatingsCursor, RatingsOrder, RatingsPage};
use crate::response::{LiveRatingsState, MovieAnswer, RatedMovie, UserRatingsAnswer};
use crate::schema::{
    CursorParameter, ListedLimit, RatingsOrderParameter, SelectionParameters, UserRatingsErrors,
};
use crate::scorer::{News, Scorer, Titles};

/// What a user has rated: in the training data, and since the model was trained
#[utoipa::path(get, path = "/users/{userId}/ratings", tag = "ratings", params(
    ("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
    RatingsOrderParameter, ListedLimit, SelectionParameters, CursorParameter),
    responses((status = 200, description = "The ratings", body = UserRatingsAnswer), UserRatingsErrors))]
pub(crate) async fn ratings_of_user(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUser(user): PathUser,
    QueryParameters(RatingsPage { order, limit, selection, after }): QueryParameters<RatingsPage>,
) -> Result<Json<UserRatingsAnswer>, ApiError> {
    let ratings = scorer.live_ratings();
    let order = order.unwrap_or(if ratings.is_some() { RatingsOrder::Newest } else { RatingsOrder::Highest });
    let news = News::of(ratings, &user).await;
    let model = scorer.model().await?;
    let version = model.manifest().version.as_str();
    let trained = find_user(&model, &user).await.map_err(PredictError::from)?;
    let since = news.since(&model).unwrap_or_default();
    if !model.has_ratings(trained.as_ref(), &since) && news.hidden().next().is_none() {
        return Err(news.no_ratings_of(user).into());
    }
    let filter = filter(&Titles::Model(Arc::clone(&model)), &selection)?;
    let list = List { order, times: times(news.kept()), model: &model };
    let rated = list.sorted(model.ratings_since(trained.as_ref(), &since, &filter));
    let first = after.map_or(Ok(0), |cursor| list.first_after(&cursor, &rated))?;
    let shown = &rated[first..rated.len().min(first + limit)];
    let end = shown.last().filter(|_| first + shown.len() < rated.len());
    let next_cursor = end.map(|own| list.cursor(own).to_string());
    let ratings = shown.iter().map(|own| RatedMovie {
        movie: MovieAnswer::new(own.movie, Some(model.rating_count(own.rated.movie))),
        rating: own.rated.rating,
        learned: own.is_learned,
        timestamp: list.times.get(own.movie.id).map(|time| time.seconds()),
    });
    Ok(Json(UserRatingsAnswer {
        ratings: ratings.collect(),
        count: rated.len(),
        hidden_movies: news.hidden().map(|movie| movie.to_string()).collect(),
        next_cursor,
        model_version: version.to_owned(),
        live_ratings: news.is_unavailable().then_some(LiveRatingsState::Unavailable),
    }))
}

/// How the ratings of a user are listed.
struct List<'a> {
    order: RatingsOrder,
    /// When each kept rating was given, by movie.
    times: HashMap<&'a str, Moment>,
    model: &'a Model,
}

impl List<'_> {
    /// The ratings in their order. They come newest first.
    fn sorted<'m>(&self, mut rated: Vec<OwnRating<'m>>) -> Vec<OwnRating<'m>> {
        if self.order == RatingsOrder::Highest {
            rated.sort_by(|a, b| {
                self.highest_first((a.rated.rating, a.rated.movie), (b.rated.rating, b.rated.movie))
            });
        }
        rated
    }

    /// Of equally high ratings, that of the movie with more ratings comes first.
    fn highest_first(&self, one: (f32, MovieRow), other: (f32, MovieRow)) -> Ordering {
        let count = |movie: MovieRow| self.model.rating_count(movie);
        let by_count = || count(other.1).cmp(&count(one.1));
        other.0.total_cmp(&one.0).then_with(by_count).then_with(|| one.1.cmp(&other.1))
    }

    /// The position after this rating.
    fn cursor(&self, own: &OwnRating<'_>) -> RatingsCursor {
        let movie = || own.movie.id.into();
        let last = match (self.order, own.trained_place) {
            (RatingsOrder::Highest, _) => LastRating::Rated { rating: own.rated.rating, movie: movie() },
            (RatingsOrder::Newest, Some(place)) => LastRating::Learned { place: place as u32 },
            (RatingsOrder::Newest, None) => LastRating::Kept { time: self.time(own), movie: movie() },
        };
        RatingsCursor { version: self.model.manifest().version.to_string(), last }
    }

    /// The index of the first rating that comes after the cursor, whatever has come in before it since.
    fn first_after(&self, cursor: &RatingsCursor, rated: &[OwnRating<'_>]) -> Result<usize, ApiError> {
        if cursor.version != self.model.manifest().version.as_str() {
            return Err(ApiError::StaleCursor);
        }
        let is_before: Box<dyn Fn(&OwnRating<'_>) -> bool> = match (&cursor.last, self.order) {
            (LastRating::Kept { time, movie }, RatingsOrder::Newest) => Box::new(|own| {
                own.trained_place.is_none() && (self.time(own), own.movie.id) >= (*time, movie.as_str())
            }),
            (LastRating::Learned { place }, RatingsOrder::Newest) => {
                Box::new(|own| own.trained_place.is_none_or(|own| own >= *place as usize))
            }
            (LastRating::Rated { rating, movie }, RatingsOrder::Highest) => {
                let last = (*rating, self.model.movie_row(movie).ok_or(ApiError::StaleCursor)?);
                Box::new(move |own| self.highest_first((own.rated.rating, own.rated.movie), last).is_le())
            }
            (_, RatingsOrder::Newest | RatingsOrder::Highest) => return Err(of_another_order().into()),
        };
        Ok(rated.partition_point(is_before))
    }

    fn time(&self, own: &OwnRating<'_>) -> Moment {
        self.times.get(own.movie.id).copied().unwrap_or(Moment(0))
    }
}

fn of_another_order() -> InvalidRequest {
    let expected = "the next_cursor of an answer in the same `order`";
    InvalidRequest::Parameter { name: "cursor", expected, found: "that of another one".to_owned() }
}

/// When each kept rating was given, by movie.
fn times(kept: Option<&Kept>) -> HashMap<&str, Moment> {
    let ratings = kept.into_iter().flat_map(|kept| &kept.ratings);
    ratings.map(|rating| (rating.movie.as_str(), rating.time)).collect()
}
