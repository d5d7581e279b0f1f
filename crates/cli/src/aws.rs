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

    /// A setting of the stack's functions by the name of its variable there: options come before the variables that
    /// the stack's output `CommandLine` sets, which have the prefix `MATINEE_`.
    pub fn setting(&self, name: &str) -> Option<String> {
        match name {
            "BUCKET" => self.stack.bucket.clone(),
            "TRAINING_IMAGE" => self.stack.image.clone(),
            "TRAINING_ROLE_ARN" => self.stack.role.clone(),
            "STACK_NAME" | "JOB_NAME_PREFIX" => Some(self.stack.name.clone()),
            _ => std::env::var(format!("MATINEE_{name}")).ok(),
        }
    }

    /// The stack's bucket.
    pub fn bucket(&self) -> Result<&str> {
        let missing =
            "no bucket is named; give --bucket or set MATINEE_BUCKET, as the stack's output CommandLine does";
        self.stack.bucket.as_deref().context(missing)
    }
}
