//! The HTTP API: one axum [`Router`](axum::Router) that every face serves, so that no two can answer
//! differently; and beside it the one that `SageMaker` asks ([`inference`]), over the same requests and answers.
//!
//! The layers below know no status codes: [`error`] maps what they say to status, stable code and public
//! message in one table. Nothing internal is told in a 5xx answer; it is logged, once, by the middleware
//! in `observe`. This crate knows no AWS.

mod caching;
mod compression;
pub mod endpoint;
pub mod error;
mod facts;
pub mod inference;
pub mod live_model;
mod observe;
mod openapi;
mod panics;
mod prediction;
pub mod request;
pub mod response;
mod routes;
mod sampling;
mod scorer;
mod security;

pub use compression::compressed;
pub use endpoint::{Endpoint, EndpointError, EndpointFault, EndpointScorer};
pub use facts::Facts;
pub use live_model::{Live, LiveModel, LoadError, LoadReason, Loading, PathSource, Source};
pub use observe::{ColdStart, Observed, REQUEST_ID};
pub use openapi::document;
pub use panics::log_panics;
pub use request::MAX_QUERY_STRING_BYTES;
pub use routes::{MAX_BODY_BYTES, router, sampled_router};
pub use sampling::{Sampling, ShareError};
pub use scorer::{Answering, Scorer, Titles};
