//! End to end: what holds across crates, binaries and documents.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod configuration;
mod dependency_rule;
mod endpoint_mode;
mod faces;
mod watching;
