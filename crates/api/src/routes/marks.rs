//! What users rate and hide. It counts at once, and trains the next model.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use matinee_live_ratings::{LiveRatings, Mark, Moment, Outcome, StoreError, Write};
use matinee_model::{Model, UnknownMovie};

use crate::error::ApiError;
use crate::http::{Caller, Json, JsonBody, PathUser, PathUserAndMovie, QueryParameters};
use crate::predict_error::PredictError;
use crate::request::{DoneAt, InvalidRequest, RateRequest, RatingsBatch, UserAndMovie};
use crate::response::{Became, KeptBatchAnswer, KeptEntry, KeptRatingAnswer};
use crate::schema::{
    KeepBatchErrors, KeepErrors, KeptRatingBody, MarkErrors, RatingsBatchBody, TimeParameter,
};
use crate::scorer::Scorer;

/// Keep a rating: it counts in the next answer, and trains the next model
#[utoipa::path(put, path = "/users/{userId}/ratings/{movieId}", tag = "ratings",
    params(
        ("userId" = String, Path, description = "The user's id; the model need not know it", max_length = 256, example = "2"),
        ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959")),
    request_body(content = KeptRatingBody, example = json!({"rating": 4.5})),
    responses(
        (status = 200, description = "It replaces another rating, or a later one is kept", body = KeptRatingAnswer),
        (status = 201, description = "It is kept, and no other was kept before", body = KeptRatingAnswer),
        KeepErrors))]
pub(crate) async fn rate(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUserAndMovie(place): PathUserAndMovie,
    JsonBody(RateRequest { rating, time }): JsonBody<RateRequest>,
) -> Result<(StatusCode, Json<KeptRatingAnswer>), ApiError> {
    let live = live_ratings(&*scorer)?;
    let write = place.marked(Mark::Rated(rating), time);
    check(&write, scorer.model().await?.as_ref())?;
    let answer = KeptRatingAnswer::new(write.mark, write.time, keep(live, write).await?);
    let status = if answer.status == Became::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answer)))
}

/// Take a rating back, also one that the model was trained on
#[utoipa::path(delete, path = "/users/{userId}/ratings/{movieId}", tag = "ratings",
    params(
        ("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
        ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"), TimeParameter),
    responses((status = 204, description = "There is no rating, unless a later one is kept"), MarkErrors))]
pub(crate) async fn unrate(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUserAndMovie(place): PathUserAndMovie,
    QueryParameters(DoneAt(time)): QueryParameters<DoneAt>,
) -> Result<StatusCode, ApiError> {
    mark(&*scorer, place, Mark::Unrated, time).await
}

/// Never recommend a movie to a user; this is not a rating
#[utoipa::path(put, path = "/users/{userId}/hidden/{movieId}", tag = "ratings",
    params(
        ("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
        ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"), TimeParameter),
    responses((status = 204, description = "It is hidden, unless it was shown again later"), MarkErrors))]
pub(crate) async fn hide(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUserAndMovie(place): PathUserAndMovie,
    QueryParameters(DoneAt(time)): QueryParameters<DoneAt>,
) -> Result<StatusCode, ApiError> {
    mark(&*scorer, place, Mark::Hidden, time).await
}

/// Recommend a hidden movie again
#[utoipa::path(delete, path = "/users/{userId}/hidden/{movieId}", tag = "ratings",
    params(
        ("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
        ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"), TimeParameter),
    responses((status = 204, description = "It is not hidden, unless it was hidden again later"), MarkErrors))]
pub(crate) async fn show(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUserAndMovie(place): PathUserAndMovie,
    QueryParameters(DoneAt(time)): QueryParameters<DoneAt>,
) -> Result<StatusCode, ApiError> {
    mark(&*scorer, place, Mark::Shown, time).await
}

/// Keep up to 1,000 ratings of any users, in their order, with an error for each invalid one; safe to repeat
#[utoipa::path(post, path = "/ratings", tag = "ratings",
    request_body(content = RatingsBatchBody,
        example = json!({"ratings": [{"userId": "2", "movieId": "2959", "rating": 4.5, "timestamp": 1_445_714_835}]})),
    responses((status = 200, description = "What became of each", body = KeptBatchAnswer), KeepBatchErrors))]
pub(crate) async fn rate_batch(
    State(scorer): State<Arc<dyn Scorer>>,
    caller: Caller,
    JsonBody(RatingsBatch(writes)): JsonBody<RatingsBatch>,
) -> Result<Json<KeptBatchAnswer>, ApiError> {
    let live = live_ratings(&*scorer)?;
    let model = scorer.model().await?;
    let checked = |write: Result<Write, InvalidRequest>| {
        let write = write.map_err(ApiError::from)?;
        let write = Write { user: caller.user(write.user)?, ..write };
        check(&write, &model).map(|()| write)
    };
    let writes: Vec<Result<Write, ApiError>> = writes.into_iter().map(checked).collect();
    let mut outcomes = live.keep(writes.iter().flatten().cloned().collect()).await.into_iter();
    let entry = |write: Result<Write, ApiError>| {
        let write = write?;
        let outcome = outcomes.next().ok_or(ApiError::Internal)?.map_err(unavailable)?;
        Ok(KeptRatingAnswer::new(write.mark, write.time, outcome))
    };
    Ok(Json(KeptBatchAnswer { ratings: writes.into_iter().map(entry).map(KeptEntry::from).collect() }))
}

/// Forget a user: nothing that is kept of the user counts any more, nor what the model was trained on
#[utoipa::path(delete, path = "/users/{userId}", tag = "ratings",
    params(("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2")),
    responses((status = 204, description = "The user is unknown from now on"), MarkErrors))]
pub(crate) async fn forget(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUser(user): PathUser,
) -> Result<StatusCode, ApiError> {
    live_ratings(&*scorer)?.forget(&user).await.map_err(unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn mark(
    scorer: &dyn Scorer,
    place: UserAndMovie,
    mark: Mark,
    time: Moment,
) -> Result<StatusCode, ApiError> {
    let live = live_ratings(scorer)?;
    let write = place.marked(mark, time);
    check(&write, scorer.model().await?.as_ref())?;
    keep(live, write).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(live: &LiveRatings, write: Write) -> Result<Outcome, ApiError> {
    let outcome = live.keep(vec![write]).await.pop();
    outcome.unwrap_or(Err(StoreError::Timeout)).map_err(unavailable)
}

fn live_ratings(scorer: &dyn Scorer) -> Result<&LiveRatings, ApiError> {
    scorer.live_ratings().ok_or(ApiError::LiveRatingsOff)
}

fn unavailable(_: StoreError) -> ApiError {
    PredictError::LiveRatingsUnavailable.into()
}

/// Refuses a rating that is not on the scale, and a movie that is not in the catalogue. What takes a mark back is always
/// accepted, because the movie may have left the catalogue since.
fn check(write: &Write, model: &Model) -> Result<(), ApiError> {
    let scale = model.manifest().rating_scale;
    match write.mark {
        Mark::Rated(rating) if !scale.contains(rating) => Err(InvalidRequest::NotARating(scale).into()),
        Mark::Rated(_) | Mark::Hidden if model.catalogue().find(&write.movie).is_none() => {
            Err(UnknownMovie(write.movie.clone()).into())
        }
        _ => Ok(()),
    }
}
