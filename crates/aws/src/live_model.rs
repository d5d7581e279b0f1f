//! Where the live model of a bucket is, for a training job that compares its model with it.

use aws_sdk_s3::Client;
use matinee_model::live_pointer::LivePointer;

use crate::error_chain::error_chain;
use crate::model_uri::{S3Layout, S3Uri};
use crate::objects::Objects;
use crate::publishing::PointerObject;
use crate::retirement::MODELS;

/// The live model, if it is among the models of the bucket, which a training job may read, and still there. `SageMaker` fails a job with a channel that is empty.
/// The error says what could not be read.
pub async fn live_model(client: &Client, bucket: &str) -> Result<Option<S3Uri>, String> {
    let Some(LivePointer { live, .. }) = live_pointer(client, bucket).await? else { return Ok(None) };
    let uri: S3Uri = live.uri.parse().map_err(|error| format!("{}: {error}", live.uri))?;
    let Some(key) = key_in(&uri, bucket) else { return Ok(None) };
    let listing = client.list_objects_v2().bucket(bucket).prefix(key).max_keys(1).send();
    let found = listing.await.map_err(|error| format!("cannot list {uri}: {}", error_chain(&error)))?;
    Ok((!found.contents().is_empty()).then_some(uri))
}

/// The live pointer of a bucket, if a model was published. The error says why it cannot be read.
pub async fn live_pointer(client: &Client, bucket: &str) -> Result<Option<LivePointer>, String> {
    let objects = Objects { client: client.clone(), bucket: bucket.to_owned() };
    let pointer = PointerObject { objects }.read().await.map_err(|error| error.to_string())?;
    Ok(pointer.map(|(pointer, _)| pointer))
}

/// Prefix or key of a model in the folder of the models of this bucket.
fn key_in<'a>(uri: &'a S3Uri, bucket: &str) -> Option<&'a str> {
    let key = match &uri.layout {
        S3Layout::Prefix(key) | S3Layout::Archive(key) => key,
        S3Layout::Pointer(_) => return None,
    };
    (uri.bucket == bucket && key.starts_with(MODELS)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_models_of_the_bucket_are_read() {
        for (uri, expected) in [
            ("s3://bucket/models/job/output/model/", Some("models/job/output/model/")),
            ("s3://bucket/models/job/output/model.tar.gz", Some("models/job/output/model.tar.gz")),
            ("s3://bucket/mine/", None),
            ("s3://other/models/job/", None),
            ("s3://bucket/models/live.json", None),
        ] {
            assert_eq!(key_in(&uri.parse().unwrap(), "bucket"), expected, "{uri}");
        }
    }
}
