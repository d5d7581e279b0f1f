//! Every error that a caller can see: status, stable code and public message, in one table.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matinee_model::{UnknownMovie, UserId};
use serde::Serialize;

use crate::endpoint::{EndpointError, EndpointFault};
use crate::inference::Format;
use crate::live_model::{LoadError, LoadReason, RETRY_AFTER};
use crate::request::InvalidRequest;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The request is not what the route takes.
    InvalidRequest(InvalidRequest),
    /// The cursor is a place in the list of a model that is not the one that answers.
    StaleCursor,
    /// The movie is not in the catalogue.
    UnknownMovie(UnknownMovie),
    /// The model was not trained on ratings of this user.
    UnknownUser(UserId),
    /// Only a model in memory can answer this.
    NotSupported,
    /// There is no such route; there are these.
    NotFound(&'static str),
    /// The route does not take this method.
    MethodNotAllowed,
    /// The body is larger than so many bytes.
    PayloadTooLarge(usize),
    /// The body is of a type that is not read.
    UnsupportedMediaType(String),
    /// No type that the caller accepts can be written.
    NotAcceptable(String),
    /// There is no model to answer with.
    ModelUnavailable(LoadReason),
    /// The endpoint that answers instead of a model in memory does not.
    Endpoint(EndpointFault),
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
    /// The stable code of a movie that is not in the catalogue.
    pub(crate) const UNKNOWN_MOVIE: &'static str = "unknown_movie";

    /// Status, code and public message.
    fn table(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::InvalidRequest(error) => (StatusCode::BAD_REQUEST, "invalid_request", error.to_string()),
            Self::StaleCursor => (
                StatusCode::BAD_REQUEST,
                "stale_cursor",
                "the parameter `cursor` is of a model that another one has replaced; begin without it"
                    .to_owned(),
            ),
            Self::UnknownMovie(error) => (StatusCode::NOT_FOUND, Self::UNKNOWN_MOVIE, error.to_string()),
            Self::UnknownUser(user) => (
                StatusCode::NOT_FOUND,
                "unknown_user",
                format!(
                    "the model has no ratings of user `{user}`; POST /recommendations takes ratings instead"
                ),
            ),
            Self::NotSupported => (
                StatusCode::NOT_IMPLEMENTED,
                "not_supported",
                "an endpoint gives the ratings here, and does not recommend; deploy with a model in memory"
                    .to_owned(),
            ),
            Self::NotFound(routes) => {
                (StatusCode::NOT_FOUND, "not_found", format!("there is no such route; there are {routes}"))
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this route does not take this method; the Allow header has those it takes".to_owned(),
            ),
            Self::PayloadTooLarge(limit) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                format!("the body is larger than {limit} bytes; send it in parts"),
            ),
            Self::UnsupportedMediaType(found) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                format!("the Content-Type `{found}` is not read; send {}", Format::ALL),
            ),
            Self::NotAcceptable(accept) => (
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                format!("nothing of `{accept}` can be written; accept {}", Format::ALL),
            ),
            Self::ModelUnavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "model_unavailable",
                "there is no model to answer with; try again later".to_owned(),
            ),
            Self::Endpoint(fault) => fault.table(),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "something went wrong here; quote the request id if you report it".to_owned(),
            ),
        }
    }

    /// Stable code and public message, for a record among others.
    pub(crate) fn code_and_message(&self) -> (&'static str, String) {
        let (_, code, message) = self.table();
        (code, message)
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
            Self::Endpoint(fault) => Some(fault.code()),
            _ => None,
        };
        ErrorBody { error: ErrorDetails { code, message, reason, request_id } }
    }
}

impl EndpointFault {
    /// Status, code and public message.
    fn table(self) -> (StatusCode, &'static str, String) {
        let (status, code, message) = match self {
            Self::Throttled | Self::Unavailable | Self::Unreachable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "endpoint_unavailable",
                "the endpoint cannot answer now; try again later",
            ),
            Self::Timeout => {
                (StatusCode::GATEWAY_TIMEOUT, "endpoint_timeout", "the endpoint did not answer in time")
            }
            Self::ModelError
            | Self::InternalFailure
            | Self::Refused
            | Self::AccessDenied
            | Self::BadAnswer => {
                (StatusCode::BAD_GATEWAY, "endpoint_failed", "the endpoint failed to answer")
            }
        };
        (status, code, message.to_owned())
    }
}

impl IntoResponse for ApiError {
    /// The status, with the error attached: the middleware writes the body, for it knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.table().0.into_response();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
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

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        tracing::error!(reason = error.fault.code(), detail = error.detail, "the endpoint did not answer");
        Self::Endpoint(error.fault)
    }
}
