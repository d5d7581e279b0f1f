//! The artifact from outside: it reads back as written, and every way to lie is found.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod archive;
mod artifact_round_trip;
mod calibrated;
mod destination;
mod lying_artifact;
mod lying_ranking;
mod lying_users;
mod model_answers;
mod recency;
mod recommendations;
mod released_formats;
mod sample;
mod since;
mod users_file;
