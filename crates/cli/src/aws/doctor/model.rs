//! The live model, read as the function reads it.

use matinee_aws::{PublishError, S3Source, S3Uri};
use matinee_model::Model;
use matinee_serving::{LoadReason, Reloadable};

use super::finding::{Finding, Problem};
use crate::aws::{Account, versions};

/// Whether the live model can be loaded.
pub async fn check(account: &Account) -> Finding {
    let pointer = versions::publisher(account)?.list().await;
    let Some(pointer) = pointer.map_err(unread)? else {
        return Ok("none is published yet; the demo model answers".to_owned());
    };
    let uri: S3Uri = format!("s3://{}/{}", account.bucket()?, versions::POINTER)
        .parse()
        .map_err(|error: matinee_aws::ModelUriError| Problem::Fault(error.to_string()))?;
    let model = Reloadable::<Model>::new(S3Source::new(account.s3.clone(), uri)).current().await;
    model.map_err(|error| match error.reason {
        LoadReason::AccessDenied => Problem::NotChecked(error.to_string()),
        _ => Problem::Fault(format!(
            "the live model {} cannot be loaded: {error}; `matinee aws rollback` goes back",
            pointer.live.version
        )),
    })?;
    Ok(format!("{} is live since {}", pointer.live.version, pointer.live.published_at))
}

/// What a pointer that was not read means: whoever asks may lack a permission that the function has.
fn unread(error: PublishError) -> Problem {
    match &error {
        PublishError::Load(load) if load.reason == LoadReason::AccessDenied => {
            Problem::NotChecked(error.to_string())
        }
        _ => Problem::Fault(error.to_string()),
    }
}
