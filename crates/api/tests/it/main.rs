//! The answers of both routers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod any_request;
mod callers;
mod documented;
mod errors;
mod inference;
mod live_ratings;
mod log_lines;
mod movies;
mod panics;
mod predict;
mod rating_pages;
mod recommendations;
mod security_headers;
mod sign_in;
mod support;
mod users_file;
mod versions;
