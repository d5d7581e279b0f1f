//! The routes.

mod movies;
mod page;
pub(crate) mod predictions;
mod recommendations;
mod selection;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::ApiError;
use crate::facts::Tells;
use crate::request::{InvalidRequest, MAX_ID_BYTES};
use crate::sampling::{Sampler, Sampling};
use crate::scorer::Scorer;
use crate::{observe, openapi, security};

pub(crate) use movies::*;
pub(crate) use page::*;
pub(crate) use predictions::*;
pub(crate) use recommendations::*;

/// The largest body that is read: 1 MB.
pub const MAX_BODY_BYTES: usize = 1_000_000;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The whole API over whoever answers it: a model in memory, or an endpoint.
pub fn router(scorer: Arc<dyn Scorer>) -> Router {
    sampled_router(scorer, Sampling::ALL)
}

/// The same, of whose successful requests a share is logged.
pub fn sampled_router(scorer: Arc<dyn Scorer>, sampling: Sampling) -> Router {
    let routes = routes().into_iter().fold(Router::new(), |router, (path, route)| router.route(path, route));
    face(routes.with_state(scorer), "those that GET /openapi.json lists", MAX_BODY_BYTES, sampling)
}

/// Every route; `openapi` documents each.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<Arc<dyn Scorer>>)> {
    vec![
        ("/predict", post(predict)),
        ("/predict/batch", post(predict_batch)),
        ("/recommendations", post(recommend_to_visitor)),
        ("/users/{userId}/recommendations", get(recommend_to_user)),
        ("/movies", get(list_movies)),
        ("/movies/{movieId}", get(describe_movie)),
        ("/movies/{movieId}/similar", get(similar_movies)),
        ("/genres", get(list_genres)),
        ("/model", get(describe_model)),
        ("/health", get(health)),
        ("/openapi.json", get(openapi::serve)),
        ("/", get(page)),
        ("/page/{file}", get(page_file)),
    ]
}

/// The part of a path that stands for `{...}`, as text.
pub(crate) struct Segment(String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Ok(Path(text)) = path else { return Err(InvalidRequest::Path.into()) };
        if text.len() > MAX_ID_BYTES { Err(InvalidRequest::LongPath.into()) } else { Ok(Self(text)) }
    }
}

/// What every router does with requests that no route takes, with large bodies, panics and errors, and what every
/// answer carries. `listed` names the routes.
pub(crate) fn face(
    routes: Router,
    listed: &'static str,
    max_body_bytes: usize,
    sampling: Sampling,
) -> Router {
    routes
        .fallback(async move || ApiError::NotFound(listed))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .layer(CatchPanicLayer::custom(|_| ApiError::Internal.into_response()))
        .layer(axum::middleware::from_fn_with_state(Arc::new(Sampler::new(sampling)), observe::observe))
        .layer(security::headers())
}

/// The body, whatever its content type: API Gateway and `curl -d` label JSON as anything. It comes without the byte
/// order mark that some programs write.
pub(crate) fn read(body: Result<Bytes, BytesRejection>, limit: usize) -> Result<Bytes, ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::PayloadTooLarge(limit),
        // The connection broke: whoever sent half a body does not read the answer.
        _ => ApiError::InvalidRequest(InvalidRequest::Empty),
    })?;
    Ok(if body.starts_with(BYTE_ORDER_MARK) { body.slice(BYTE_ORDER_MARK.len()..) } else { body })
}

/// A JSON answer.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize + Tells> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => {
                let json_type = HeaderValue::from_static("application/json");
                let mut response = ([(header::CONTENT_TYPE, json_type)], json).into_response();
                self.0.facts().leave(response.extensions_mut());
                response
            }
            Err(_) => ApiError::Internal.into_response(),
        }
    }
}
