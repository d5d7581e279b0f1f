//! What handlers take from a request.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use matinee_model::UserId;
use serde_json::{Map, Value};

use super::caller::Caller;
use super::layers::BodyLimit;
use crate::error::ApiError;
use crate::request::{
    FromBody, FromParameters, InvalidRequest, MAX_ID_BYTES, Parameters, UserAndMovie, checked_user,
    is_spelling,
};

/// U+FEFF in UTF-8. Some programs write this byte order mark before JSON and CSV.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The body without its byte order mark. The content type is ignored.
pub(crate) struct RawBody(pub(crate) Bytes);

/// A body that is read as JSON whatever its content type is: API Gateway and `curl -d` do not label it as JSON.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A body that is ignored. It must not have a time: whoever sends one there expects an effect.
pub(crate) struct NoTimeInBody;

/// The query string.
pub(crate) struct QueryParameters<T>(pub(crate) T);

/// The `{...}` part of the path, as text.
pub(crate) struct PathSegment(pub(crate) String);

/// The user in the path. The caller may act for this user.
pub(crate) struct PathUser(pub(crate) UserId);

/// The user and the movie in the path. The caller may act for this user.
pub(crate) struct PathUserAndMovie(pub(crate) UserAndMovie);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let limit = request.extensions().get::<BodyLimit>().copied();
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| match (rejection.status(), limit) {
            (StatusCode::PAYLOAD_TOO_LARGE, Some(BodyLimit(bytes))) => ApiError::PayloadTooLarge(bytes),
            // The connection broke, so nobody reads this answer.
            _ => ApiError::InvalidRequest(InvalidRequest::Empty),
        })?;
        let start = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Ok(Self(body.slice(start..)))
    }
}

impl<S: Send + Sync, T: FromBody> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let RawBody(body) = RawBody::from_request(request, state).await?;
        Ok(Self(T::from_body(&body)?))
    }
}

impl<S: Send + Sync> FromRequest<S> for NoTimeInBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let RawBody(body) = RawBody::from_request(request, state).await?;
        let fields: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
        if fields.keys().any(|name| is_spelling(name, "timestamp")) {
            return Err(InvalidRequest::TimeInBody.into());
        }
        Ok(Self)
    }
}

impl<S: Send + Sync, T: FromParameters> FromRequestParts<S> for QueryParameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(T::from_parameters(&Parameters::of(&parts.uri)?)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathSegment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Ok(Path(text)) = path else { return Err(InvalidRequest::Path.into()) };
        short(&text)?;
        Ok(Self(text))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let PathSegment(user) = PathSegment::from_request_parts(parts, state).await?;
        let Ok(caller) = Caller::from_request_parts(parts, state).await;
        Ok(Self(caller.user(checked_user(&user)?)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathUserAndMovie {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((user, movie))) = path else { return Err(InvalidRequest::Path.into()) };
        short(&user).and_then(|()| short(&movie))?;
        let Ok(caller) = Caller::from_request_parts(parts, state).await;
        let UserAndMovie { user, movie } = UserAndMovie::new(&user, &movie)?;
        Ok(Self(UserAndMovie { user: caller.user(user)?, movie }))
    }
}

/// Refuses what is too long for an id.
fn short(text: &str) -> Result<(), InvalidRequest> {
    if text.len() > MAX_ID_BYTES { Err(InvalidRequest::LongPath) } else { Ok(()) }
}
