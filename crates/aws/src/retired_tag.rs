//! The tag of retired models. A lifecycle rule of the stack's bucket removes objects that have it.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Tag, Tagging};
use matinee_model::artifact::{MANIFEST_FILE, MODEL_FILE, MOVIES_FILE, Manifest, USERS_FILE};

use crate::error_chain::error_chain;
use crate::model_uri::{S3Layout, S3Uri};

/// Name and value of the tag; the lifecycle rule in `template.yaml` has the same.
const RETIRED: (&str, &str) = ("matinee", "retired");

/// Tags an object as retired.
pub(crate) async fn tag(client: &Client, bucket: &str, key: &str) -> Result<(), String> {
    let failed = |problem: String| format!("cannot tag s3://{bucket}/{key}: {problem}");
    let (name, value) = RETIRED;
    let tag = Tag::builder().key(name).value(value).build().map_err(|error| failed(error.to_string()))?;
    let tags = Tagging::builder().tag_set(tag).build().map_err(|error| failed(error.to_string()))?;
    let request = client.put_object_tagging().bucket(bucket).key(key).tagging(tags);
    request.send().await.map_err(|error| failed(error_chain(&error)))?;
    Ok(())
}

/// Removes the tag from an object.
pub(crate) async fn untag(client: &Client, bucket: &str, key: &str) -> Result<(), String> {
    let answer = client.delete_object_tagging().bucket(bucket).key(key).send().await;
    answer
        .map_err(|error| format!("cannot remove the tags of s3://{bucket}/{key}: {}", error_chain(&error)))?;
    Ok(())
}

/// Removes the tag from every file of the model at `uri`, which has this manifest.
pub(crate) async fn untag_model(client: &Client, uri: &S3Uri, manifest: &Manifest) -> Result<(), String> {
    match &uri.layout {
        S3Layout::Prefix(prefix) => {
            let users = manifest.has_users_file().then_some(USERS_FILE);
            for file in [MANIFEST_FILE, MODEL_FILE, MOVIES_FILE].into_iter().chain(users) {
                untag(client, &uri.bucket, &format!("{prefix}{file}")).await?;
            }
            Ok(())
        }
        S3Layout::Archive(key) => untag(client, &uri.bucket, key).await,
        S3Layout::Pointer(_) => Ok(()),
    }
}
