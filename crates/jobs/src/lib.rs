//! Training jobs in `SageMaker`: started one at a time, watched, and described.
//!
//! Invariant: a job writes under a prefix of its own, `s3://BUCKET/models/JOB/`, and its name begins with the
//! prefix that the roles of the stack name.

mod jobs;
mod request;
mod settings;

pub use jobs::{Job, JobError, Started, TrainingJobs};
pub use request::JobRequest;
pub use settings::{JobSettings, MetricDefinition, SettingsError};
