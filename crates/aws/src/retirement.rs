//! Retirement: models of training jobs that nothing refers to any more are tagged, and a lifecycle rule of the bucket
//! removes tagged objects.
//!
//! Invariant: after a run the live model, the models that a rollback can reach, and the pinned model are not tagged. Models
//! that no job of the stack wrote are never touched.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use matinee_model::live_pointer::LivePointer;

use crate::error_chain::error_chain;
use crate::model_uri::{S3Layout, S3Uri};
use crate::publishing::{PublishError, Publisher};
use crate::retired_tag::{tag, untag};

/// The prefix under which training jobs write.
pub(crate) const MODELS: &str = "models/";

/// The models of one stack's training jobs.
#[derive(Debug, Clone)]
pub struct JobModels {
    client: Client,
    bucket: String,
    /// `models/PREFIX-`, which all their keys begin with.
    prefix: String,
    pinned: Option<S3Uri>,
}

/// Why models could not be tagged.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// The pointer could not be read.
    #[error(transparent)]
    Pointer(#[from] PublishError),
    /// The bucket refused a call or did not answer.
    #[error("{0}")]
    Bucket(String),
}

impl JobModels {
    /// The models in `bucket` of the jobs whose names begin with `job_name_prefix` and a hyphen. The model at `pinned` is
    /// always kept.
    pub fn new(client: Client, bucket: &str, job_name_prefix: &str, pinned: Option<S3Uri>) -> Self {
        let prefix = format!("{MODELS}{job_name_prefix}-");
        Self { client, bucket: bucket.to_owned(), prefix, pinned }
    }

    /// Tags every model that is not live, not pinned, and not one to go back to. Returns their folders.
    pub async fn retire(&self, publisher: &Publisher) -> Result<BTreeSet<String>, RetireError> {
        let kept = self.kept(publisher.list().await?.as_ref());
        let mut retired = BTreeSet::new();
        for key in self.keys().await? {
            let folder = folder(&key);
            if !kept.contains(folder) {
                tag(&self.client, &self.bucket, &key).await.map_err(RetireError::Bucket)?;
                retired.insert(folder.to_owned());
            }
        }
        // One of them may have been published meanwhile.
        let kept = self.kept(publisher.list().await?.as_ref());
        for key in self.keys().await? {
            let folder = folder(&key);
            if kept.contains(folder) && retired.contains(folder) {
                untag(&self.client, &self.bucket, &key).await.map_err(RetireError::Bucket)?;
            }
        }
        Ok(retired.difference(&kept).cloned().collect())
    }

    /// The folders of the models to keep.
    fn kept(&self, pointer: Option<&LivePointer>) -> BTreeSet<String> {
        let published =
            pointer.into_iter().flat_map(|pointer| std::iter::once(&pointer.live).chain(&pointer.previous));
        let published = published.filter_map(|model| model.uri.parse::<S3Uri>().ok());
        let kept = published.chain(self.pinned.clone()).filter(|uri| uri.bucket == self.bucket);
        kept.map(|uri| match uri.layout {
            S3Layout::Prefix(key) | S3Layout::Archive(key) | S3Layout::Pointer(key) => {
                folder(&key).to_owned()
            }
        })
        .collect()
    }

    async fn keys(&self) -> Result<Vec<String>, RetireError> {
        let mut keys = Vec::new();
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                RetireError::Bucket(format!(
                    "cannot list s3://{}/{}: {}",
                    self.bucket,
                    self.prefix,
                    error_chain(&error)
                ))
            })?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }
}

/// The folder of the job that wrote this object: `models/JOB/`.
fn folder(key: &str) -> &str {
    let name = key.strip_prefix(MODELS).unwrap_or_default();
    let end = name.find('/').map_or(key.len(), |slash| MODELS.len() + slash + 1);
    &key[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_folder_is_that_of_the_job() {
        assert_eq!(folder("models/job-1/output/model/manifest.json"), "models/job-1/");
        assert_eq!(folder("models/live.json"), "models/live.json");
        assert_eq!(folder("other/job-1/x"), "other/job-1/x");
    }

    proptest! {
        #[test]
        fn any_key_begins_with_its_folder(key in prop_oneof![".{0,20}", "models/[a-z/]{0,12}"]) {
            prop_assert!(key.starts_with(folder(&key)));
        }
    }
}
