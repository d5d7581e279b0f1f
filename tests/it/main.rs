//! End to end: what holds across crates, binaries and documents.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod configuration;
mod dependency_rule;
mod endpoint_mode;
mod event_roles;
mod faces;
mod watching;
