//! What a user has rated.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use matinee_live_ratings::Kept;
use matinee_model::{Model, OwnRating};

use super::movies::{page_of, skipped};
use super::selection::filter;
use crate::error::ApiError;
use crate::http::{Json, PathUser, QueryParameters};
use crate::request::{RatingsOrder, RatingsPage};
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
    QueryParameters(RatingsPage { order, page }): QueryParameters<RatingsPage>,
) -> Result<Json<UserRatingsAnswer>, ApiError> {
    let ratings = scorer.live_ratings();
    let order = order.unwrap_or(if ratings.is_some() { RatingsOrder::Newest } else { RatingsOrder::Highest });
    let news = News::of(ratings, &user).await;
    let model = scorer.model().await?;
    let version = model.manifest().version.as_str();
    let (row, since) = (model.user_row(&user), news.since(&model).unwrap_or_default());
    if !model.has_ratings(row, &since) && news.hidden().next().is_none() {
        return Err(news.no_ratings_of(user).into());
    }
    let filter = filter(&Titles::Model(Arc::clone(&model)), &page.selection)?;
    let skipped = skipped(page.after.as_ref(), version)?;
    let rated = in_order(model.ratings_since(row, &since, &filter), order, &model);
    let (shown, next_cursor) = page_of(&rated, skipped, page.limit, version);
    let times = times(news.kept());
    let ratings = shown.iter().map(|own| RatedMovie {
        movie: MovieAnswer::new(own.movie, Some(model.rating_count(own.rated.movie))),
        rating: own.rated.rating,
        learned: own.is_learned,
        timestamp: times.get(own.movie.id).copied(),
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

/// The ratings, which come newest first. Of equally high ones, that of the movie with more ratings comes first.
fn in_order<'m>(mut rated: Vec<OwnRating<'m>>, order: RatingsOrder, model: &Model) -> Vec<OwnRating<'m>> {
    if order == RatingsOrder::Highest {
        let count = |own: &OwnRating<'_>| model.rating_count(own.rated.movie);
        rated.sort_by_key(|own| own.rated.movie);
        rated.sort_by(|a, b| b.rated.rating.total_cmp(&a.rated.rating).then(count(b).cmp(&count(a))));
    }
    rated
}

/// When each kept rating was given, by movie.
fn times(kept: Option<&Kept>) -> HashMap<&str, f64> {
    let ratings = kept.into_iter().flat_map(|kept| &kept.ratings);
    ratings.map(|rating| (rating.movie.as_str(), rating.time.seconds())).collect()
}
