//! Every error that a caller can see: status, stable code and public message, in one table.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matinee_model::UnknownMovie;
use serde::Serialize;

use crate::MAX_BODY_BYTES;
use crate::live_model::{LoadError, LoadReason, RETRY_AFTER};
use crate::request::InvalidRequest;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The request is not what the route takes.
    InvalidRequest(InvalidRequest),
    /// The movie is not in the catalogue.
    UnknownMovie(UnknownMovie),
    /// There is no such route.
    NotFound,
    /// The route does not take this method.
    MethodNotAllowed,
    /// The body is larger than [`MAX_BODY_BYTES`].
    PayloadTooLarge,
    /// There is no model to answer with.
    ModelUnavailable(LoadReason),
    /// A bug.
    Internal,
}

/// The body of an error answer.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorBody<'a> {
    error: ErrorDetails<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorDetails<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    request_id: &'a str,
}

impl ApiError {
    /// Status, code and public message.
    fn table(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::InvalidRequest(error) => (StatusCode::BAD_REQUEST, "invalid_request", error.to_string()),
            Self::UnknownMovie(error) => (StatusCode::NOT_FOUND, "unknown_movie", error.to_string()),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "there is no such route; there are POST /predict, GET /model and GET /health".to_owned(),
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this route does not take this method; the Allow header has those it takes".to_owned(),
            ),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                format!("the body is larger than {MAX_BODY_BYTES} bytes"),
            ),
            Self::ModelUnavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "model_unavailable",
                "there is no model to answer with; try again later".to_owned(),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "something went wrong here; quote the request id if you report it".to_owned(),
            ),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.table().1
    }

    /// The body of the answer.
    pub(crate) fn body<'a>(&self, request_id: &'a str) -> ErrorBody<'a> {
        let (_, code, message) = self.table();
        let reason = match self {
            Self::ModelUnavailable(reason) => Some(reason.code()),
            _ => None,
        };
        ErrorBody { error: ErrorDetails { code, message, reason, request_id } }
    }
}

impl IntoResponse for ApiError {
    /// The status, with the error attached: the middleware writes the body, for it knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.table().0.into_response();
        if matches!(self, Self::ModelUnavailable(_)) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> Self {
        Self::InvalidRequest(error)
    }
}

impl From<UnknownMovie> for ApiError {
    fn from(error: UnknownMovie) -> Self {
        Self::UnknownMovie(error)
    }
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        Self::ModelUnavailable(error.reason)
    }
}
