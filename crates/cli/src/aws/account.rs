//! The AWS account and the stack in it that the subcommands work on.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, SdkConfig};
use matinee_aws::s3_client_of;
use matinee_jobs::{JobNamePrefix, TrainingJobs};
use matinee_variables::Variables;

use super::options::StackOptions;
use super::stack::{DeployedStack, StackError};

/// The clients of the account, and what is known of the stack.
pub struct Account {
    pub stack: StackOptions,
    pub config: SdkConfig,
    pub s3: aws_sdk_s3::Client,
    pub jobs: TrainingJobs,
    /// The variables that the stack's output `CommandLine` sets. Empty if the stack did not have to be described, because
    /// everything was named.
    stack_variables: Result<BTreeMap<String, String>, StackError>,
}

impl Account {
    /// Finds region and credentials as the AWS CLI does. Describes the stack if a part of it is not named.
    pub async fn new(mut stack: StackOptions) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(url) = &stack.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let has_prefix = Variables::of_process().get("MATINEE_JOB_NAME_PREFIX").is_some();
        let stack_variables = if stack.is_complete() && has_prefix {
            Ok(BTreeMap::new())
        } else {
            DeployedStack::describe(&config, &stack.name).await.map(|stack| stack.variables())
        };
        if let Ok(variables) = &stack_variables {
            stack.fill(|name| variables.get(name).cloned());
        }
        let jobs = TrainingJobs::of(&config);
        let account = Self { s3: s3_client_of(&config), jobs, stack, config, stack_variables };
        let application = account.variables().get("SPARK_APPLICATION_ID");
        Self { jobs: account.jobs.clone().with_spark(application), ..account }
    }

    /// The variables of the stack's functions, under their names there. An option overrides the variable of this process,
    /// which has the prefix `MATINEE_`, and that overrides what the stack's output sets.
    pub fn variables(&self) -> Variables<'_> {
        Variables::from_lookup(|name| self.lookup(name)).with_prefix("MATINEE_")
    }

    fn lookup(&self, name: &str) -> Option<String> {
        match name {
            "BUCKET" => self.stack.bucket.clone(),
            "TRAINING_IMAGE" => self.stack.image.clone(),
            "TRAINING_ROLE_ARN" => self.stack.role.clone(),
            "STACK_NAME" => Some(self.stack.name.clone()),
            "JOB_NAME_PREFIX" => Some(self.prefixed(name).unwrap_or_else(|| self.stack.name.clone())),
            _ => self.prefixed(name),
        }
    }

    fn prefixed(&self, name: &str) -> Option<String> {
        let name = format!("MATINEE_{name}");
        let of_stack = || self.stack_variables.as_ref().ok()?.get(&name).cloned();
        Variables::of_process().get(&name).or_else(of_stack)
    }

    /// What the names of the stack's jobs begin with.
    pub fn job_name_prefix(&self) -> Result<JobNamePrefix> {
        let parsed = self.variables().require_parsed("JOB_NAME_PREFIX");
        parsed.context("set MATINEE_JOB_NAME_PREFIX to the value in the stack's output CommandLine")
    }

    /// Why the stack could not be described, if it had to be.
    pub fn stack_error(&self) -> Option<&StackError> {
        self.stack_variables.as_ref().err()
    }

    /// The stack's bucket.
    pub fn bucket(&self) -> Result<&str> {
        let bucket = self.stack.bucket.as_deref();
        bucket.with_context(|| match &self.stack_variables {
            Err(error) => format!("the bucket is unknown: {error}; or give --bucket, or set MATINEE_BUCKET"),
            Ok(_) => format!(
                "the bucket is unknown, and the stack `{}` has no output CommandLine; give --bucket or set MATINEE_BUCKET",
                self.stack.name
            ),
        })
    }
}
