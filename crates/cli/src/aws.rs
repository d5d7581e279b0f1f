//! What `matinee aws` does, a module a part.

pub mod doctor;
pub mod jobs;
pub mod upload;
pub mod versions;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, SdkConfig};
use matinee_aws::s3_client_of;
use matinee_jobs::TrainingJobs;

use crate::commands::aws::Stack;

/// The account, as the environment and the options say.
pub struct Account {
    pub stack: Stack,
    pub config: SdkConfig,
    pub s3: aws_sdk_s3::Client,
    pub jobs: TrainingJobs,
}

impl Account {
    /// Finds region and credentials as the AWS CLI does.
    pub async fn new(stack: Stack) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(url) = &stack.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        Self { s3: s3_client_of(&config), jobs: TrainingJobs::of(&config), stack, config }
    }

    /// The stack's bucket.
    pub fn bucket(&self) -> Result<&str> {
        let missing =
            "no bucket is named; give --bucket or set MATINEE_BUCKET, as the stack's output CommandLine does";
        self.stack.bucket.as_deref().context(missing)
    }
}
