//! The model from S3: single files or an archive, and the answers while it cannot be loaded.

use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use matinee_tests::{S3Double, read_event, train_small};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Answer, Function};

struct Store {
    s3: S3Double,
    model: TempDir,
    version: String,
}

impl Store {
    async fn with_model() -> Self {
        let model = tempfile::tempdir().unwrap();
        let version = train_small(&model.path().join("model"), 0).version.to_string();
        Self { s3: S3Double::start().await, model, version }
    }

    fn folder(&self) -> std::path::PathBuf {
        self.model.path().join("model")
    }

    async fn function(&self, key: &str) -> Function {
        let uri = self.s3.uri(key);
        let mut environment = self.s3.environment().to_vec();
        environment.push(("MODEL_URI", &uri));
        Function::start(&environment).await
    }

    async fn predict(&self, key: &str) -> Answer {
        self.function(key).await.invoke(read_event("predict")).await
    }
}

pub fn archive(folder: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.append_dir_all(".", folder).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn unavailable(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 503, "{}", answer.raw);
    &answer.body["error"]["reason"]
}

#[tokio::test]
async fn single_files_under_a_prefix_are_loaded() {
    let store = Store::with_model().await;
    store.s3.put_folder("models/1/", &store.folder());
    for key in ["models/1/", "models/1"] {
        let answer = store.predict(key).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        assert_eq!(answer.body["model_version"], store.version.as_str());
    }
}

#[tokio::test]
async fn an_archive_is_loaded() {
    let store = Store::with_model().await;
    store.s3.put("job/output/model.tar.gz", &archive(&store.folder()));
    let answer = store.predict("job/output/model.tar.gz").await;
    assert_eq!(answer.body["model_version"], store.version.as_str(), "{}", answer.raw);
}

#[tokio::test]
async fn a_missing_model_is_reported_as_not_found() {
    let store = Store::with_model().await;
    assert_eq!(unavailable(&store.predict("models/none/").await), "not_found");
    assert_eq!(unavailable(&store.predict("none.tar.gz").await), "not_found");
}

#[tokio::test]
async fn a_damaged_model_is_reported_as_invalid() {
    let store = Store::with_model().await;
    store.s3.put_folder("models/1/", &store.folder());
    let mut tensors = std::fs::read(store.folder().join("model.safetensors")).unwrap();
    *tensors.last_mut().unwrap() ^= 1;
    store.s3.put("models/1/model.safetensors", &tensors);
    assert_eq!(unavailable(&store.predict("models/1/").await), "invalid");
    store.s3.put("models/1/model.safetensors", &tensors[..tensors.len() / 2]);
    assert_eq!(unavailable(&store.predict("models/1/").await), "invalid");
}

#[tokio::test]
async fn the_model_is_loaded_when_the_store_is_back() {
    let store = Store::with_model().await;
    store.s3.put_folder("models/1/", &store.folder());
    store.s3.set_down(true);
    let function = store.function("models/1/").await;
    assert_eq!(unavailable(&function.invoke(read_event("predict")).await), "unreachable");
    store.s3.set_down(false);
    tokio::time::sleep(matinee_serving::RETRY_AFTER).await;
    assert_eq!(function.invoke(read_event("predict")).await.status, 200);
}
