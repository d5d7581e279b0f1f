//! Test doubles of the services around the functions, each over real HTTP on loopback, and a model to serve.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::missing_panics_doc)]

mod binaries;
mod demo_model;
mod documentation;
mod endpoint_double;
mod fake_runtime;
mod moto;
mod recorder;
mod s3_double;
mod spark_service;
mod stack;
mod training_service;

pub use binaries::binary;
pub use demo_model::{events_folder, read_event, small_inputs, train_in_both_forms, train_on, train_small};
pub use documentation::{assert_reads_documented, documented};
pub use endpoint_double::{Behaviour, ENDPOINT_NAME, EndpointDouble};
pub use fake_runtime::{FakeRuntime, RunningFunction, TRACE_ID};
pub use moto::{BUCKET, Moto};
pub use recorder::{Aimed, Call, Fault, Recorder};
pub use s3_double::S3Double;
pub use spark_service::{do_run, run_state_change};
pub use stack::{refusal, stack};
pub use training_service::{TrainingJob, do_job, state_change};
