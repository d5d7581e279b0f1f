//! Predicted ratings, and the model that predicts them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::error::ApiError;
use crate::http::{Caller, EntityTag, Freshness, IfNoneMatch, Json, JsonBody};
use crate::request::{PredictBatch, PredictRequest, Rater};
use crate::response::{BatchAnswer, BatchEntry, HealthAnswer, ModelAnswer, PredictAnswer, VersionsAnswer};
use crate::schema::{BatchBody, BatchErrors, HealthErrors, ModelErrors, PairBody, PredictErrors};
use crate::scorer::Scorer;

/// The rating that a user, or somebody with these ratings, would give to a movie
#[utoipa::path(post, path = "/predict", tag = "predictions",
    request_body(content = PairBody, example = json!({"userId": "2", "movieId": "2959"})),
    responses((status = 200, description = "The predicted rating", body = PredictAnswer), PredictErrors))]
pub(crate) async fn predict(
    State(scorer): State<Arc<dyn Scorer>>,
    caller: Caller,
    JsonBody(request): JsonBody<PredictRequest>,
) -> Result<Json<PredictAnswer>, ApiError> {
    Ok(Json(scorer.predict(&permitted(request, &caller)?).await?))
}

/// The ratings of up to 1,000 pairs in their order, with an error for each invalid pair
#[utoipa::path(post, path = "/predict/batch", tag = "predictions",
    request_body(content = BatchBody, example = json!({"pairs": [{"userId": "2", "movieId": "2959"}]})),
    responses((status = 200, description = "The predicted ratings", body = BatchAnswer), BatchErrors))]
pub(crate) async fn predict_batch(
    State(scorer): State<Arc<dyn Scorer>>,
    caller: Caller,
    JsonBody(PredictBatch(pairs)): JsonBody<PredictBatch>,
) -> Result<Json<BatchAnswer>, ApiError> {
    let pairs = pairs.into_iter().map(|pair| permitted(pair?, &caller));
    let pairs: Vec<Result<PredictRequest, ApiError>> = pairs.collect();
    let requests: Vec<PredictRequest> = pairs.iter().flatten().cloned().collect();
    let mut answers = scorer.predict_all(&requests).await?.into_iter();
    let answer = |pair: Result<PredictRequest, ApiError>| {
        pair?;
        answers.next().map_or(Err(ApiError::Internal), |answer| Ok(answer?))
    };
    let predictions = pairs.into_iter().map(answer).map(BatchEntry::from).collect();
    Ok(Json(BatchAnswer { predictions }))
}

/// The request, if the caller may act for its user. Ratings in a request belong to no user.
fn permitted(request: PredictRequest, caller: &Caller) -> Result<PredictRequest, ApiError> {
    let rater = match request.rater {
        Rater::User(user) => Rater::User(caller.user(user)?),
        ratings @ Rater::Ratings(_) => ratings,
    };
    Ok(PredictRequest { rater, ..request })
}

/// What the model is and how well it predicts
#[utoipa::path(get, path = "/model", tag = "service",
    responses((status = 200, description = "The model", body = ModelAnswer), ModelErrors))]
pub(crate) async fn describe_model(
    State(scorer): State<Arc<dyn Scorer>>,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let answer = ModelAnswer { keeps_ratings: scorer.live_ratings().is_some(), ..scorer.describe().await? };
    let content = serde_json::to_string(&answer).map_err(|_| ApiError::Internal)?;
    Ok(EntityTag::of_text(&content).respond(&cached, Freshness::Revalidate, || Json(answer)))
}

/// The models that are or were live and those that were refused, with their figures
#[utoipa::path(get, path = "/model/versions", tag = "service",
    responses((status = 200, description = "The models, the live one first", body = VersionsAnswer), ModelErrors))]
pub(crate) async fn list_versions(
    State(scorer): State<Arc<dyn Scorer>>,
    cached: IfNoneMatch,
) -> Result<Response, ApiError> {
    let answer = scorer.versions().await?;
    let content = serde_json::to_string(&answer).map_err(|_| ApiError::Internal)?;
    Ok(EntityTag::of_text(&content).respond(&cached, Freshness::Revalidate, || Json(answer)))
}

/// Whether a model answers
#[utoipa::path(get, path = "/health", tag = "service",
    responses((status = 200, description = "A model answers", body = HealthAnswer), HealthErrors))]
pub(crate) async fn health(State(scorer): State<Arc<dyn Scorer>>) -> Result<Json<HealthAnswer>, ApiError> {
    let ModelAnswer { version: model_version, source, .. } = scorer.describe().await?;
    Ok(Json(HealthAnswer { status: "ok", model_version, source }))
}
