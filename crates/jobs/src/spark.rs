//! Training jobs on Apache Spark, as runs of an application of EMR Serverless.
//!
//! Invariant: the token of a run is the name of its job. EMR Serverless answers a token that it knows with the run that it
//! has started, so asking for the same job twice starts one run.

mod error;
mod program;
mod request;
mod runs;
mod settings;

pub use error::SparkError;
pub(crate) use program::Program;
pub(crate) use request::{SparkRequest, place};
pub use runs::SparkRun;
pub(crate) use runs::SparkRuns;
pub use settings::SparkSettings;
