//! What users of the training data have rated.

use std::sync::Arc;

use axum::extract::State;
use matinee_model::UserId;

use super::movies::{page_of, skipped};
use super::selection::filter;
use crate::error::ApiError;
use crate::http::{Json, PathSegment, QueryParameters};
use crate::predict_error::PredictError;
use crate::request::MoviesPage;
use crate::response::{MovieAnswer, RatedMovie, UserRatingsAnswer};
use crate::schema::{CursorParameter, ListedLimit, RecommendToUserErrors, SelectionParameters};
use crate::scorer::{Scorer, Titles};

/// What a user of the training data has rated, the highest ratings first
#[utoipa::path(get, path = "/users/{userId}/ratings", tag = "recommendations", params(
    ("userId" = String, Path, description = "The user's id", max_length = 256, example = "2"), ListedLimit, SelectionParameters, CursorParameter),
    responses((status = 200, description = "The ratings", body = UserRatingsAnswer), RecommendToUserErrors))]
pub(crate) async fn ratings_of_user(
    State(scorer): State<Arc<dyn Scorer>>,
    PathSegment(user): PathSegment,
    QueryParameters(page): QueryParameters<MoviesPage>,
) -> Result<Json<UserRatingsAnswer>, ApiError> {
    let model = scorer.model().await?;
    let version = model.manifest().version.as_str();
    let user = UserId::from(user);
    let row = model.user_row(&user).ok_or_else(|| PredictError::UnknownUser(user.clone()))?;
    let filter = filter(&Titles::Model(Arc::clone(&model)), &page.selection)?;
    let skipped = skipped(page.after.as_ref(), version)?;
    let rated = model.ratings_of(row, &filter);
    let (shown, next_cursor) = page_of(&rated, skipped, page.limit, version);
    let ratings = shown.iter().map(|(movie, rated)| RatedMovie {
        movie: MovieAnswer::new(*movie, Some(model.rating_count(rated.movie))),
        rating: rated.rating,
    });
    Ok(Json(UserRatingsAnswer {
        ratings: ratings.collect(),
        count: rated.len(),
        next_cursor,
        model_version: version.to_owned(),
    }))
}
