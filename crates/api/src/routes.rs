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
use crate::observe;
use crate::request::PredictRequest;
use crate::response::{HealthAnswer, ModelAnswer, PredictAnswer};
use crate::scorer::Scorer;

/// The largest body that is read: 1 MB.
pub const MAX_BODY_BYTES: usize = 1_000_000;

/// The whole API over whoever answers it: a model in memory, or an endpoint.
pub fn router(scorer: Arc<dyn Scorer>) -> Router {
    let routes = Router::new()
        .route("/predict", post(predict))
        .route("/model", get(describe_model))
        .route("/health", get(health))
        .with_state(scorer);
    face(routes, "POST /predict, GET /model and GET /health", MAX_BODY_BYTES)
}

/// What every router does with requests that no route takes, with large bodies, panics and errors. `listed`
/// names the routes.
pub(crate) fn face(routes: Router, listed: &'static str, max_body_bytes: usize) -> Router {
    routes
        .fallback(async move || ApiError::NotFound(listed))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .layer(CatchPanicLayer::custom(|_| ApiError::Internal.into_response()))
        .layer(axum::middleware::from_fn(observe::observe))
}

async fn predict(
    State(scorer): State<Arc<dyn Scorer>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PredictAnswer>, ApiError> {
    let request = PredictRequest::parse(&read(body, MAX_BODY_BYTES)?)?;
    Ok(Json(scorer.predict(&request).await?))
}

async fn describe_model(State(scorer): State<Arc<dyn Scorer>>) -> Result<Json<ModelAnswer>, ApiError> {
    Ok(Json(scorer.describe().await?))
}

async fn health(State(scorer): State<Arc<dyn Scorer>>) -> Result<Json<HealthAnswer>, ApiError> {
    let ModelAnswer { version: model_version, source, .. } = scorer.describe().await?;
    Ok(Json(HealthAnswer { status: "ok", model_version, source }))
}

/// The body, whatever its content type: API Gateway and `curl -d` label JSON as anything.
pub(crate) fn read(body: Result<Bytes, BytesRejection>, limit: usize) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge(limit),
        // The connection broke: whoever sent half a body does not read the answer.
        _ => ApiError::InvalidRequest(crate::request::InvalidRequest::Empty),
    })
}

/// A JSON answer.
pub(crate) struct Json<T>(pub(crate) T);

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
