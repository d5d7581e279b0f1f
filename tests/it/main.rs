//! End-to-end tests across crates, binaries and documents.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod dependency_rule;
mod drawing;
mod endpoint_mode;
mod full_disk;
mod imports;
mod reliability;
mod s3_faults;
mod same_answers;
mod search;
mod test_bed;
mod translation;
mod users_file;
