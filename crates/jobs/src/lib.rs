//! Training jobs in `SageMaker`: started one at a time, watched, and described.
//!
//! Invariant: a job writes under a prefix of its own, `s3://BUCKET/models/JOB/`; its name begins with the prefix that the
//! roles of the stack name, and tells the data that it was started for. Whoever asks for the same job twice gets one.

mod event;
mod jobs;
mod name;
mod request;
mod settings;

pub use event::{EventError, JobStateChange, read_event};
pub use jobs::{Job, JobError, Occasion, Refusal, Started, TrainingJobs};
pub use name::{JobName, JobNamePrefix, JobNamePrefixError, is_ours};
pub use request::JobRequest;
pub use settings::{DEFAULT_INSTANCE_TYPE, JobSettings, MetricDefinition};
