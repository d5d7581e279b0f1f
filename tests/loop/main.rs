//! The whole training loop over real HTTP on loopback, with moto's S3 and control plane and with the binaries of the
//! functions and the container. It needs moto, so scripts/test.sh runs it: `cargo test --test loop -- --ignored`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command_line;
mod doctor;
mod failures;
mod forgetting;
mod live_ratings;
mod policies;
mod publishing;
mod retirement;
mod scheduling;
mod service_faults;
mod spark;
mod starting;
mod training_on_kept;
mod world;
