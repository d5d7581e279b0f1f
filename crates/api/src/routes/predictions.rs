//! Predicted ratings, and the model that predicts them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;

use super::{Json, MAX_BODY_BYTES, read};
use crate::error::ApiError;
use crate::openapi::{BatchBody, Errors, PairBody};
use crate::request::{PredictBatch, PredictRequest};
use crate::response::{BatchAnswer, BatchEntry, HealthAnswer, ModelAnswer, PredictAnswer};
use crate::scorer::Scorer;

/// The rating that a user would give a movie
#[utoipa::path(post, path = "/predict", tag = "predictions", request_body = PairBody,
    responses((status = 200, description = "The predicted rating", body = PredictAnswer), Errors))]
pub(crate) async fn predict(
    State(scorer): State<Arc<dyn Scorer>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PredictAnswer>, ApiError> {
    let request = PredictRequest::parse(&read(body, MAX_BODY_BYTES)?)?;
    Ok(Json(scorer.predict(&request).await?))
}

/// The ratings of up to 1,000 pairs, in their order, with an error for each pair that is wrong
#[utoipa::path(post, path = "/predict/batch", tag = "predictions", request_body = BatchBody,
    responses((status = 200, description = "The predicted ratings", body = BatchAnswer), Errors))]
pub(crate) async fn predict_batch(
    State(scorer): State<Arc<dyn Scorer>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<BatchAnswer>, ApiError> {
    let PredictBatch(pairs) = PredictBatch::parse(&read(body, MAX_BODY_BYTES)?)?;
    let requests: Vec<PredictRequest> = pairs.iter().flatten().cloned().collect();
    let mut answers = scorer.predict_all(&requests).await?.into_iter();
    let answer = |pair: Result<PredictRequest, _>| match pair {
        Ok(_) => answers.next().unwrap_or(Err(ApiError::Internal)),
        Err(error) => Err(ApiError::InvalidRequest(error)),
    };
    let predictions = pairs.into_iter().map(answer).map(BatchEntry::from).collect();
    Ok(Json(BatchAnswer { predictions }))
}

/// What the model is and how well it predicts
#[utoipa::path(get, path = "/model", tag = "service",
    responses((status = 200, description = "The model", body = ModelAnswer), Errors))]
pub(crate) async fn describe_model(
    State(scorer): State<Arc<dyn Scorer>>,
) -> Result<Json<ModelAnswer>, ApiError> {
    Ok(Json(scorer.describe().await?))
}

/// Whether a model answers
#[utoipa::path(get, path = "/health", tag = "service",
    responses((status = 200, description = "It does", body = HealthAnswer), Errors))]
pub(crate) async fn health(State(scorer): State<Arc<dyn Scorer>>) -> Result<Json<HealthAnswer>, ApiError> {
    let ModelAnswer { version: model_version, source, .. } = scorer.describe().await?;
    Ok(Json(HealthAnswer { status: "ok", model_version, source }))
}
