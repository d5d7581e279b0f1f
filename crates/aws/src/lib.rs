//! AWS as Matinee uses it: models in S3, and ratings from a SageMaker endpoint.
//!
//! Invariant: every call is bounded in time and tried again a bounded number of times, well within the 29
//! seconds that API Gateway waits.

mod error_chain;
mod model_uri;
mod s3_client;
mod s3_source;
mod sagemaker_endpoint;

pub use model_uri::{ModelUri, ModelUriError, S3Layout, S3Uri};
pub use s3_client::s3_client;
pub use s3_source::S3Source;
pub use sagemaker_endpoint::{EndpointName, EndpointNameError, SageMakerEndpoint};
