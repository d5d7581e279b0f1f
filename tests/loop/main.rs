//! The whole loop on loopback over real HTTP: moto's S3 and control plane, the functions' and the container's own
//! binaries. Needs moto, so it is run by scripts/test.sh: `cargo test --test loop -- --ignored`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command_line;
mod doctor;
mod failures;
mod policies;
mod publishing;
mod retirement;
mod service_faults;
mod starting;
mod world;
