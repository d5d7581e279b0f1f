//! What `SageMaker` expects of a container: where its files are, and what a training job reads and writes.
//!
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html>. All files are under
//! one root: `/opt/ml` in a job, any folder elsewhere.

mod channels;
mod failure;
mod hosts;
mod kept_ratings;
mod metrics;
mod root;
mod serving;
mod settings;
mod training_job;

pub use channels::Channel;
pub use failure::with_failure_file;
pub use hosts::Hosts;
pub use metrics::definitions as metric_definitions;
pub use root::Root;
pub use serving::serve;
pub use settings::{Settings, Task};
pub use training_job::run;
