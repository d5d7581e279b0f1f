//! What `matinee aws` does, a module a part.

pub mod doctor;
pub mod jobs;
mod stack;
pub mod upload;
pub mod versions;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, SdkConfig};
use matinee_aws::s3_client_of;
use matinee_jobs::{JobNamePrefix, TrainingJobs};

use crate::commands::aws::Stack;
use stack::{DeployedStack, StackError};

/// The account, as the options, the environment and the stack say.
pub struct Account {
    pub stack: Stack,
    pub config: SdkConfig,
    pub s3: aws_sdk_s3::Client,
    pub jobs: TrainingJobs,
    /// What the stack's output `CommandLine` sets; empty where all was named already.
    told: Result<BTreeMap<String, String>, StackError>,
}

impl Account {
    /// Finds region and credentials as the AWS CLI does. What of the stack is not named, the stack is asked for.
    pub async fn new(mut stack: Stack) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(url) = &stack.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let told = if stack.is_complete() && std::env::var_os("MATINEE_JOB_NAME_PREFIX").is_some() {
            Ok(BTreeMap::new())
        } else {
            DeployedStack::describe(&config, &stack.name).await.map(|stack| stack.variables())
        };
        if let Ok(told) = &told {
            stack.fill(|name| told.get(name).cloned());
        }
        Self { s3: s3_client_of(&config), jobs: TrainingJobs::of(&config), stack, config, told }
    }

    /// A setting of the stack's functions by the name of its variable there: options come before variables of the
    /// environment, which have the prefix `MATINEE_`, and those before what the stack tells.
    pub fn setting(&self, name: &str) -> Option<String> {
        match name {
            "BUCKET" => self.stack.bucket.clone(),
            "TRAINING_IMAGE" => self.stack.image.clone(),
            "TRAINING_ROLE_ARN" => self.stack.role.clone(),
            "STACK_NAME" => Some(self.stack.name.clone()),
            "JOB_NAME_PREFIX" => Some(self.variable(name).unwrap_or_else(|| self.stack.name.clone())),
            _ => self.variable(name),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let name = format!("MATINEE_{name}");
        let told = || self.told.as_ref().ok()?.get(&name).cloned();
        std::env::var(&name).ok().filter(|value| !value.is_empty()).or_else(told)
    }

    /// What the names of the stack's jobs begin with.
    pub fn job_name_prefix(&self) -> Result<JobNamePrefix> {
        let prefix = self.setting("JOB_NAME_PREFIX").unwrap_or_default();
        let parsed = prefix.parse::<JobNamePrefix>();
        parsed.context("the names of jobs cannot begin like this; set MATINEE_JOB_NAME_PREFIX, as the stack's output CommandLine does")
    }

    /// The stack's bucket.
    pub fn bucket(&self) -> Result<&str> {
        let named = self.stack.bucket.as_deref();
        named.with_context(|| match &self.told {
            Err(error) => format!("no bucket is named: {error}; or give --bucket, or set MATINEE_BUCKET"),
            Ok(_) => format!(
                "no bucket is named, and the stack `{}` has no output CommandLine; give --bucket or set MATINEE_BUCKET",
                self.stack.name
            ),
        })
    }
}
