//! The versions of the files under `data/`.

use anyhow::Result;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::ObjectVersion;
use matinee_aws::{DATA_PREFIX, error_chain};

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataVersion {
    /// The key of the file.
    pub key: String,
    /// The id of the version; `null` in a bucket without versions.
    pub id: String,
    /// Whether it is the one that training reads.
    pub is_latest: bool,
}

impl DataVersion {
    /// How it is called in messages.
    pub fn name(&self) -> String {
        if self.is_latest { self.key.clone() } else { format!("{} ({})", self.key, self.id) }
    }
}

/// All versions of all files that are not empty.
pub async fn list_versions(client: &Client, bucket: &str) -> Result<Vec<DataVersion>> {
    let (mut versions, mut after) = (Vec::new(), None);
    loop {
        let listing = client.list_object_versions().bucket(bucket).prefix(DATA_PREFIX);
        let (key, id): (Option<String>, Option<String>) = after.unzip();
        let listing = listing.set_key_marker(key).set_version_id_marker(id);
        let page = listing.send().await.map_err(|error| {
            anyhow::anyhow!(
                "cannot list the versions in s3://{bucket}/{DATA_PREFIX}: {}",
                error_chain(&error)
            )
        })?;
        let filled = page.versions().iter().filter(|version| version.size() != Some(0));
        versions.extend(filled.filter_map(DataVersion::of));
        after =
            page.next_key_marker.filter(|_| page.is_truncated == Some(true)).zip(page.next_version_id_marker);
        if after.is_none() {
            return Ok(versions);
        }
    }
}

impl DataVersion {
    fn of(version: &ObjectVersion) -> Option<Self> {
        Some(Self {
            key: version.key()?.to_owned(),
            id: version.version_id()?.to_owned(),
            is_latest: version.is_latest() == Some(true),
        })
    }
}
