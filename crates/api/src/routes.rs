//! The routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::ApiError;
use crate::live_model::LiveModel;
use crate::observe;
use crate::request::PredictRequest;
use crate::response::{HealthAnswer, ModelAnswer, PredictAnswer};

/// The largest body that is read: 1 MB.
pub const MAX_BODY_BYTES: usize = 1_000_000;

/// The whole API over one model.
pub fn router(model: Arc<LiveModel>) -> Router {
    Router::new()
        .route("/predict", post(predict))
        .route("/model", get(describe_model))
        .route("/health", get(health))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(|_| ApiError::Internal.into_response()))
        .layer(axum::middleware::from_fn(observe::observe))
        .with_state(model)
}

async fn predict(
    State(model): State<Arc<LiveModel>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PredictAnswer>, ApiError> {
    let request = PredictRequest::parse(&read(body)?)?;
    let model = model.current().await?;
    let prediction = model.predict(&request.user, &request.movie)?;
    Ok(Json(PredictAnswer::new(prediction, model.manifest())))
}

async fn describe_model(State(model): State<Arc<LiveModel>>) -> Result<Json<ModelAnswer>, ApiError> {
    Ok(Json(model.current().await?.manifest().into()))
}

async fn health(State(model): State<Arc<LiveModel>>) -> Result<Json<HealthAnswer>, ApiError> {
    let model_version = model.current().await?.manifest().version.to_string();
    Ok(Json(HealthAnswer { status: "ok", model_version }))
}

/// The body, whatever its content type: API Gateway and `curl -d` label JSON as anything.
fn read(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge,
        // The connection broke: whoever sent half a body does not read the answer.
        _ => ApiError::InvalidRequest(crate::request::InvalidRequest::Empty),
    })
}

/// A JSON answer.
struct Json<T>(T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => {
                ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
            }
            Err(_) => ApiError::Internal.into_response(),
        }
    }
}
