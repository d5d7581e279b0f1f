//! The JSON answer.

use axum::Extension;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;
use crate::summary::Summarize;

/// A JSON answer, with its summary attached for the middleware that logs.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize + Summarize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let Ok(json) = serde_json::to_vec(&self.0) else { return ApiError::Internal.into_response() };
        let json_type = HeaderValue::from_static("application/json");
        (Extension(self.0.summary()), [(header::CONTENT_TYPE, json_type)], json).into_response()
    }
}
