//! The HTTP API: one axum [`Router`](axum::Router) that every face serves, so that no two can answer
//! differently.
//!
//! The layers below know no status codes: [`error`] maps what they say to status, stable code and public
//! message in one table. Nothing internal is told in a 5xx answer; it is logged, once, by the middleware
//! in `observe`. This crate knows no AWS.

pub mod error;
pub mod live_model;
mod observe;
pub mod request;
pub mod response;
mod routes;

pub use live_model::{LiveModel, LoadError, LoadReason, ModelSource, PathSource};
pub use observe::REQUEST_ID;
pub use routes::{MAX_BODY_BYTES, router};
