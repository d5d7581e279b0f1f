//! Every error that a caller can see, with its status, stable code and public message, in one table.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matinee_model::UnknownMovie;
use matinee_serving::{AnswerSummary, EndpointFault, LoadError, LoadReason, RETRY_AFTER};

use crate::predict_error::PredictError;
use crate::request::InvalidRequest;
use crate::response::{
    BatchEntry, BatchError, ErrorAnswer, ErrorDescription, KeptEntry, KeptRatingAnswer, PredictAnswer,
};
use crate::summary::Summarize;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The request does not have the form that the route takes.
    InvalidRequest(InvalidRequest),
    /// The cursor comes from a model that another one has replaced.
    StaleCursor,
    /// The request is valid, but there is no answer to it.
    Predict(PredictError),
    /// There is no such route. The text says where to find the routes.
    NotFound(&'static str),
    /// The route does not support this method.
    MethodNotAllowed,
    /// The body is larger than this many bytes.
    PayloadTooLarge(usize),
    /// The type of the body is not supported.
    UnsupportedMediaType {
        /// The `Content-Type` of the request.
        found: String,
        /// The supported types.
        supported: &'static str,
    },
    /// None of the types that the caller accepts is supported.
    NotAcceptable {
        /// The `Accept` header of the request.
        found: String,
        /// The supported types.
        supported: &'static str,
    },
    /// The request needs a token and has none.
    NoToken,
    /// The request does not have the token that the server was started with.
    WrongToken,
    /// The request comes from a page of another site.
    OtherSite,
    /// The caller may not act for this user.
    OtherUser,
    /// Nothing is kept here.
    LiveRatingsOff,
    /// A bug.
    Internal,
}

/// Status, stable code and public message.
type Public = (StatusCode, &'static str, String);

impl ApiError {
    fn public(&self) -> Public {
        match self {
            Self::InvalidRequest(error) => invalid(error),
            Self::StaleCursor => (
                StatusCode::BAD_REQUEST,
                "stale_cursor",
                "the parameter `cursor` belongs to a model that has been replaced; start again without it"
                    .to_owned(),
            ),
            Self::Predict(error) => public_of(error),
            Self::NotFound(hint) => {
                (StatusCode::NOT_FOUND, "not_found", format!("there is no such route; {hint}"))
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this route does not support this method; the Allow header lists those it supports"
                    .to_owned(),
            ),
            Self::PayloadTooLarge(limit) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                format!("the body is larger than {limit} bytes; send it in parts"),
            ),
            Self::UnsupportedMediaType { found, supported } => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                format!("the Content-Type `{found}` is not supported; send {supported}"),
            ),
            Self::NotAcceptable { found, supported } => (
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                format!("none of the types in `{found}` is supported; accept {supported}"),
            ),
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "the request has no token of a user; send one in the header Authorization".to_owned(),
            ),
            Self::WrongToken => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "the header Authorization must be `Bearer TOKEN`, with the token that the server was started with"
                    .to_owned(),
            ),
            Self::OtherSite => (
                StatusCode::FORBIDDEN,
                "access_denied",
                "the request comes from a page of another site; start the server with --token to let it in".to_owned(),
            ),
            Self::OtherUser => (
                StatusCode::FORBIDDEN,
                "access_denied",
                "the token belongs to another user; name your own user `me`, or use a token of a member of the \
                 group that may act for everybody"
                    .to_owned(),
            ),
            Self::LiveRatingsOff => (
                StatusCode::NOT_FOUND,
                "live_ratings_off",
                "this server keeps no ratings; start it with `serve --ratings FILE`, or set the stack's parameter \
                 LiveRatings"
                    .to_owned(),
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
        self.public().1
    }

    /// The body of the answer.
    pub(crate) fn body(&self, request_id: &str) -> ErrorAnswer {
        let (_, code, message) = self.public();
        let reason = match self {
            Self::Predict(PredictError::ModelUnavailable(reason) | PredictError::UserUnavailable(reason)) => {
                Some(reason.code())
            }
            Self::Predict(PredictError::Endpoint(fault)) => Some(fault.code()),
            _ => None,
        };
        ErrorAnswer { error: ErrorDescription { code, message, reason, request_id: request_id.to_owned() } }
    }
}

fn invalid(error: &InvalidRequest) -> Public {
    (StatusCode::BAD_REQUEST, "invalid_request", error.to_string())
}

fn public_of(error: &PredictError) -> Public {
    match error {
        PredictError::UnknownMovie(error) => {
            (StatusCode::NOT_FOUND, BatchError::UNKNOWN_MOVIE, error.to_string())
        }
        PredictError::UnknownUser(user) => (
            StatusCode::NOT_FOUND,
            "unknown_user",
            format!("there are no ratings of user `{user}`; POST /recommendations takes ratings instead"),
        ),
        PredictError::RatingOffScale { index, scale } => {
            let error = Box::new(InvalidRequest::NotARating(*scale));
            invalid(&InvalidRequest::Entry { field: "ratings", index: *index, error })
        }
        PredictError::ModelUnavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "model_unavailable",
            "there is no model to answer with; try again later".to_owned(),
        ),
        PredictError::NoModelInMemory => (
            StatusCode::NOT_IMPLEMENTED,
            "not_supported",
            "the ratings come from an endpoint, which cannot recommend; deploy with a model in memory"
                .to_owned(),
        ),
        PredictError::LiveRatingsUnavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            BatchError::LIVE_RATINGS_UNAVAILABLE,
            "the ratings that are kept cannot be reached now; send the request again later".to_owned(),
        ),
        PredictError::UserUnavailable(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "user_unavailable",
            match reason {
                LoadReason::Invalid => {
                    "what the model knows of this user is damaged; publish the model again, or train it again. Other \
                     users are answered"
                }
                _ => "what the model knows of this user cannot be read now; send the request again later",
            }
            .to_owned(),
        ),
        PredictError::Endpoint(fault) => public_of_fault(*fault),
    }
}

fn public_of_fault(fault: EndpointFault) -> Public {
    let (status, code, message) = match fault {
        EndpointFault::Throttled | EndpointFault::Unavailable | EndpointFault::Unreachable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "endpoint_unavailable",
            "the endpoint cannot answer now; try again later",
        ),
        EndpointFault::Timeout => {
            (StatusCode::GATEWAY_TIMEOUT, "endpoint_timeout", "the endpoint did not answer in time")
        }
        EndpointFault::ModelError
        | EndpointFault::InternalFailure
        | EndpointFault::Refused
        | EndpointFault::AccessDenied
        | EndpointFault::BadAnswer => {
            (StatusCode::BAD_GATEWAY, "endpoint_failed", "the endpoint failed to answer")
        }
    };
    (status, code, message.to_owned())
}

impl IntoResponse for ApiError {
    /// The status, with the error attached. The middleware knows the request id and writes the body.
    fn into_response(self) -> Response {
        let mut response = self.public().0.into_response();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl Summarize for ApiError {
    fn summary(&self) -> AnswerSummary {
        let Self::Predict(error) = self else { return AnswerSummary::default() };
        AnswerSummary {
            unknown_users: u32::from(matches!(error, PredictError::UnknownUser(_))),
            unknown_movies: u32::from(matches!(error, PredictError::UnknownMovie(_))),
            endpoint_errors: u32::from(matches!(error, PredictError::Endpoint(_))),
            live_ratings_unavailable: u32::from(matches!(error, PredictError::LiveRatingsUnavailable)),
            ..AnswerSummary::default()
        }
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> Self {
        Self::InvalidRequest(error)
    }
}

impl From<PredictError> for ApiError {
    fn from(error: PredictError) -> Self {
        Self::Predict(error)
    }
}

impl From<UnknownMovie> for ApiError {
    fn from(error: UnknownMovie) -> Self {
        Self::Predict(error.into())
    }
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        Self::Predict(error.into())
    }
}

impl From<Result<PredictAnswer, ApiError>> for BatchEntry {
    fn from(answer: Result<PredictAnswer, ApiError>) -> Self {
        match answer {
            Ok(answer) => Self::Answer(answer),
            Err(error) => Self::Error { error: error.into() },
        }
    }
}

impl From<Result<KeptRatingAnswer, ApiError>> for KeptEntry {
    fn from(answer: Result<KeptRatingAnswer, ApiError>) -> Self {
        match answer {
            Ok(answer) => Self::Kept(answer),
            Err(error) => Self::Error { error: error.into() },
        }
    }
}

impl From<ApiError> for BatchError {
    fn from(error: ApiError) -> Self {
        let (_, code, message) = error.public();
        Self { code, message }
    }
}
