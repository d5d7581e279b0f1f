//! The router from outside: requests in, documented answers out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod any_request;
mod errors;
mod inference;
mod predict;
mod support;
