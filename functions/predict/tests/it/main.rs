//! The function's own binary under a fake Runtime API: events in, answers out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod callers;
mod events;
mod from_endpoint;
mod from_s3;
mod support;
mod watched;
