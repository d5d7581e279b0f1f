//! What users rate and hide. It counts at once, and trains the next model.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use matinee_live_ratings::{Answer, LiveRatings, Mark, Moment, NewMark, StoreError};
use matinee_model::{Model, UnknownMovie};

use crate::error::ApiError;
use crate::http::{Caller, Json, JsonBody, NoTimeInBody, PathUser, PathUserAndMovie, QueryParameters};
use crate::predict_error::PredictError;
use crate::request::{DoneAt, InvalidRequest, NoParameters, RateRequest, RatingsBatch, UserAndMovie};
use crate::response::{Became, KeptBatchAnswer, KeptEntry, KeptRatingAnswer};
use crate::schema::{
    ForgetErrors, KeepBatchErrors, KeepErrors, KeptRatingBody, MarkErrors, RatingsBatchBody, TimeParameter,
    UnmarkErrors,
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
    QueryParameters(NoParameters): QueryParameters<NoParameters>,
    JsonBody(RateRequest { rating, time }): JsonBody<RateRequest>,
) -> Result<(StatusCode, Json<KeptRatingAnswer>), ApiError> {
    let live = live_ratings(&*scorer)?;
    let mark = place.marked(Mark::Rated(rating), time);
    check(&mark, scorer.model().await?.as_ref())?;
    let answer = KeptRatingAnswer::new(mark.mark, keep(live, mark).await?);
    let status = if answer.status == Became::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answer)))
}

/// Take a rating back, also one that the model was trained on
#[utoipa::path(delete, path = "/users/{userId}/ratings/{movieId}", tag = "ratings",
    params(
        ("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
        ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"), TimeParameter),
    responses((status = 204, description = "There is no rating, unless a later one is kept"), UnmarkErrors))]
pub(crate) async fn unrate(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUserAndMovie(place): PathUserAndMovie,
    QueryParameters(DoneAt(time)): QueryParameters<DoneAt>,
    _: NoTimeInBody,
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
    _: NoTimeInBody,
) -> Result<StatusCode, ApiError> {
    mark(&*scorer, place, Mark::Hidden, time).await
}

/// Recommend a hidden movie again
#[utoipa::path(delete, path = "/users/{userId}/hidden/{movieId}", tag = "ratings",
    params(
        ("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"),
        ("movieId" = String, Path, description = "The movie's id", max_length = 256, example = "2959"), TimeParameter),
    responses((status = 204, description = "It is not hidden, unless it was hidden again later"), UnmarkErrors))]
pub(crate) async fn show(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUserAndMovie(place): PathUserAndMovie,
    QueryParameters(DoneAt(time)): QueryParameters<DoneAt>,
    _: NoTimeInBody,
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
    QueryParameters(NoParameters): QueryParameters<NoParameters>,
    JsonBody(RatingsBatch(marks)): JsonBody<RatingsBatch>,
) -> Result<Json<KeptBatchAnswer>, ApiError> {
    let live = live_ratings(&*scorer)?;
    let model = scorer.model().await?;
    let checked = |mark: Result<NewMark, InvalidRequest>| {
        let mark = mark.map_err(ApiError::from)?;
        let mark = NewMark { user: caller.user(mark.user)?, ..mark };
        check(&mark, &model).map(|()| mark)
    };
    let marks: Vec<Result<NewMark, ApiError>> = marks.into_iter().map(checked).collect();
    let valid: Vec<NewMark> = marks.iter().flatten().cloned().collect();
    let mut answers = live.keep(&valid).await.into_iter();
    let entry = |mark: Result<NewMark, ApiError>| {
        let mark = mark?.mark;
        let answer = answers.next().ok_or(ApiError::Internal)?.map_err(unavailable)?;
        Ok(KeptRatingAnswer::new(mark, answer))
    };
    Ok(Json(KeptBatchAnswer { ratings: marks.into_iter().map(entry).map(KeptEntry::from).collect() }))
}

/// Forget a user: nothing that is kept of the user counts any more, nor what the model was trained on
#[utoipa::path(delete, path = "/users/{userId}", tag = "ratings",
    params(("userId" = String, Path, description = "The user's id, or `me` for the holder of a token", max_length = 256, example = "2"), TimeParameter),
    responses((status = 204, description = "The user is unknown from now on, apart from later ratings"), ForgetErrors))]
pub(crate) async fn forget(
    State(scorer): State<Arc<dyn Scorer>>,
    PathUser(user): PathUser,
    QueryParameters(DoneAt(time)): QueryParameters<DoneAt>,
    _: NoTimeInBody,
) -> Result<StatusCode, ApiError> {
    live_ratings(&*scorer)?.forget(&user, time).await.map_err(unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn mark(
    scorer: &dyn Scorer,
    place: UserAndMovie,
    mark: Mark,
    time: Option<Moment>,
) -> Result<StatusCode, ApiError> {
    let live = live_ratings(scorer)?;
    let mark = place.marked(mark, time);
    check(&mark, scorer.model().await?.as_ref())?;
    keep(live, mark).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(live: &LiveRatings, mark: NewMark) -> Result<Answer, ApiError> {
    let answer = live.keep(&[mark]).await.pop();
    answer.unwrap_or(Err(StoreError::Timeout)).map_err(unavailable)
}

fn live_ratings(scorer: &dyn Scorer) -> Result<&LiveRatings, ApiError> {
    scorer.live_ratings().ok_or(ApiError::LiveRatingsOff)
}

fn unavailable(_: StoreError) -> ApiError {
    PredictError::LiveRatingsUnavailable.into()
}

/// Refuses a rating that is not on the scale, and a movie that is not in the catalogue. What takes a mark back is always
/// accepted, because the movie may have left the catalogue since.
fn check(mark: &NewMark, model: &Model) -> Result<(), ApiError> {
    let scale = model.manifest().rating_scale;
    match mark.mark {
        Mark::Rated(rating) if !scale.contains(rating) => Err(InvalidRequest::NotARating(scale).into()),
        Mark::Rated(_) | Mark::Hidden if model.catalogue().find(&mark.movie).is_none() => {
            Err(UnknownMovie(mark.movie.clone()).into())
        }
        _ => Ok(()),
    }
}
