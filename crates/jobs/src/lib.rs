//! Training jobs in `SageMaker` and on Spark: starts them one at a time, lists them and describes them.
//!
//! Invariant: each job writes under a prefix of its own, `s3://BUCKET/models/JOB/`. Its name begins with the prefix that
//! the roles of the stack allow, and contains the digest of its data. Asking for the same job twice starts one job.

mod event;
mod jobs;
mod name;
mod request;
mod settings;
mod spark;
mod start;
mod up_to_date;

pub use event::{EventError, JobStateChange, RUN_STATE_CHANGE, RunStateChange, read_event};
pub use jobs::{FailureKind, Job, JobError, TrainingJobs};
pub use name::{JobName, JobNamePrefix, JobNamePrefixError, belongs_to_stack};
pub use request::JobRequest;
pub use settings::{DEFAULT_INSTANCE_TYPE, JobSettings, MetricDefinition};
pub use spark::{SparkError, SparkRun, SparkSettings};
pub use start::{Sources, StartOutcome, StartReason};
