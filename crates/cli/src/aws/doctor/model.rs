//! The live model, read as the predict function reads it.

use matinee_aws::{LIVE_POINTER_KEY, PublishError, S3Source, S3Uri};
use matinee_model::Model;
use matinee_serving::{LoadReason, Reloadable};

use super::finding::{Finding, Problem};
use crate::aws::account::Account;
use crate::aws::versions;

/// Whether the live model can be loaded.
pub async fn check(account: &Account) -> Finding {
    let pointer = versions::publisher(account)?.list().await;
    let Some(pointer) = pointer.map_err(pointer_problem)? else {
        return Ok("no model is published yet; the API serves the demo model".to_owned());
    };
    let uri: S3Uri = format!("s3://{}/{}", account.bucket()?, LIVE_POINTER_KEY)
        .parse()
        .map_err(|error: matinee_aws::ModelUriError| Problem::Fault(error.to_string()))?;
    let model = Reloadable::<Model>::new(S3Source::new(account.s3.clone(), uri)).current().await;
    model.map_err(|error| match error.reason {
        LoadReason::AccessDenied => Problem::NotChecked(error.to_string()),
        _ => Problem::Fault(format!(
            "the live model {} cannot be loaded: {error}; go back with `matinee aws rollback`",
            pointer.live.version
        )),
    })?;
    Ok(format!("{} has been live since {}", pointer.live.version, pointer.live.published_at))
}

/// What it means that the pointer was not read. The caller may not have a permission that the function has.
fn pointer_problem(error: PublishError) -> Problem {
    match &error {
        PublishError::Load(load) if load.reason == LoadReason::AccessDenied => {
            Problem::NotChecked(error.to_string())
        }
        _ => Problem::Fault(error.to_string()),
    }
}
