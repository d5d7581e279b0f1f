//! `matinee aws upload`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Config;
use aws_sdk_s3::primitives::ByteStream;
use matinee_aws::{DATA_PREFIX, error_chain};
use matinee_model::RatingScale;

use super::account::Account;
use crate::files;

/// Checks the files as training does, and uploads them. The ratings come last, because their upload starts training.
pub async fn run(account: &Account, folder: &Path) -> Result<ExitCode> {
    let bucket = account.bucket()?;
    let inputs = files::read_folder(folder)?;
    let dataset = files::usable_dataset(&inputs, RatingScale::MOVIELENS)?;
    eprintln!("checked: {} ratings by {} users", dataset.ratings.len(), dataset.user_count());
    for name in inputs.movies.iter().chain(&inputs.ratings).map(|file| &file.name) {
        let path = folder.join(name);
        let body =
            ByteStream::from_path(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
        let key = format!("{DATA_PREFIX}{name}");
        let request = account.s3.put_object().bucket(bucket).key(&key).content_type("text/csv").body(body);
        // A large file may take as long as it needs.
        let without_timeouts = Config::builder().timeout_config(TimeoutConfig::disabled());
        request
            .customize()
            .config_override(without_timeouts)
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("cannot upload s3://{bucket}/{key}: {}", error_chain(&error)))?;
        say!("s3://{bucket}/{key}");
    }
    Ok(ExitCode::SUCCESS)
}
