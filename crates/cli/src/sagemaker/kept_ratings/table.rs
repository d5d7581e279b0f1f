//! Reads the table.

mod trusted_roots;

use std::sync::Arc;

use anyhow::Result;
use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, Region};
use matinee_dynamodb_ratings::{DynamoDbRatings, TableName};
use matinee_train::ratings::Changes;
use matinee_variables::Variables;

use crate::kept::{self, Opened};

/// Everything that was kept before the call, under the role of the job.
pub fn read(table: &str) -> Result<Changes> {
    let name: TableName = table.parse()?;
    let runtime = kept::runtime()?;
    let store = runtime.block_on(async {
        let region = RegionProviderChain::first_try(region_of_job()).or_default_provider();
        let loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
        let config = trusted_roots::trusting(loader)?.load().await;
        anyhow::Ok(DynamoDbRatings::patient(&config, name))
    })?;
    Opened::of(Arc::new(store), runtime, table).changes()
}

/// The region of the job: `arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME`.
fn region_of_job() -> Option<Region> {
    let arn = Variables::of_process().get("TRAINING_JOB_ARN")?;
    arn.split(':').nth(3).filter(|region| !region.is_empty()).map(|region| Region::new(region.to_owned()))
}
