//! What both routers do with requests that no route takes, with large bodies, panics and errors, and which headers
//! every answer carries.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use super::observe::observe;
use super::sampling::{Sampler, Sampling};
use super::security;
use crate::error::ApiError;

/// What differs between the routers.
pub(crate) struct Limits {
    /// The largest body that is read, in bytes.
    pub(crate) body_bytes: usize,
    /// The share of the successful requests that are logged.
    pub(crate) sampling: Sampling,
}

/// The largest body that is read, in bytes. It is attached to each request so that a refusal can name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(pub(super) usize);

/// The routes with all that they share. `hint` tells callers of an unknown path where to find the routes.
///
/// All layers are added by one call, the outermost first. Each call of [`Router::layer`] puts every route into one more box,
/// and each box clones all that it contains on each request: the cost grows with the square of the number of calls.
pub(crate) fn with_layers(routes: Router, hint: &'static str, limits: &Limits) -> Router {
    routes
        .fallback(async move || ApiError::NotFound(hint))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer((
            security::headers(),
            from_fn_with_state(Arc::new(Sampler::new(limits.sampling)), observe),
            CatchPanicLayer::custom(|_| ApiError::Internal.into_response()),
            Extension(BodyLimit(limits.body_bytes)),
            DefaultBodyLimit::max(limits.body_bytes),
        ))
}
