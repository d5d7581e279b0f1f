//! The HTTP API: one axum [`Router`](axum::Router) that the Lambda function and the local server share, so both give
//! the same answers. [`inference`] is the router that `SageMaker` asks; it takes the same requests and gives the same
//! answers.
//!
//! The layers below HTTP know no status codes: [`error`] maps their errors to a status, a stable code and a public
//! message in one table. A 5xx answer contains no internal details. This crate knows no AWS.
//!
//! The modules import each other in one direction only, which ARCHITECTURE.md draws and a test checks.

pub mod error;
mod http;
pub mod inference;
mod openapi;
mod predict_error;
pub mod request;
pub mod response;
mod router;
mod routes;
mod schema;
pub mod scorer;
mod summary;

pub use http::{
    Access, ColdStart, NotASignInPage, REQUEST_ID, Sampling, Sender, ShareError, SignInPage, compressed,
};
pub use openapi::document;
pub use predict_error::PredictError;
pub use request::MAX_QUERY_STRING_BYTES;
pub use router::{Guard, MAX_BODY_BYTES, Settings, router, router_with};
pub use scorer::{EndpointScorer, LiveScorer, Scorer, ScorerFuture, Titles};
