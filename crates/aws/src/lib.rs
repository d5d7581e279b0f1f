//! What Matinee does with AWS: models in S3, which of them is live, and predictions from a `SageMaker` endpoint.
//!
//! Invariant: every call has a timeout and a limited number of retries, and ends well before the 29 seconds that API
//! Gateway waits. A model goes live by one conditional write, and only after it was read by the code that serves it.

mod data;
mod error_chain;
mod function;
mod gate;
mod in_thread;
mod live_model;
mod lock;
mod logging;
mod memory;
pub mod metrics;
mod model_uri;
mod objects;
mod publishing;
mod retired_tag;
mod retirement;
mod s3_client;
mod s3_source;
mod s3_users;
mod sagemaker_endpoint;
mod serving_metrics;

pub use data::{DATA_PREFIX, DataDigest, DataError, DataObject, data_files, list_data, list_data_prefix};
pub use error_chain::{error_chain, is_transient};
pub use function::run_function;
pub use gate::{Gate, Verdict};
pub use live_model::{live_model, live_pointer};
pub use logging::init_logging;
pub use matinee_model::live_pointer::{LivePointer, Published};
pub use memory::Memory;
pub use model_uri::{ModelUri, ModelUriError, S3Layout, S3Uri};
pub use publishing::{Decision, LIVE_POINTER_KEY, PublishError, Publisher};
pub use retirement::{JobModels, RetireError};
pub use s3_client::{s3_client, s3_client_of};
pub use s3_source::S3Source;
pub use sagemaker_endpoint::{EndpointName, EndpointNameError, SageMakerEndpoint};
pub use serving_metrics::{MeasuredSource, ServingMetrics};
