//! Where things lie under `/opt/ml`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

/// `/opt/ml`, or a folder that stands for it.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// The folder that stands for `/opt/ml`.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// What becomes `model.tar.gz`, or was one.
    pub fn model(&self) -> PathBuf {
        self.0.join("model")
    }

    /// What becomes `output.tar.gz`.
    pub(super) fn output_data(&self) -> PathBuf {
        self.0.join("output/data")
    }

    /// Whose first 1,024 characters become the job's `FailureReason`.
    pub(super) fn failure(&self) -> PathBuf {
        self.0.join("output/failure")
    }

    /// What is kept in S3 while the job runs, and is there when it is started again.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// The files of a channel.
    pub(super) fn channel(&self, name: &str) -> PathBuf {
        self.0.join("input/data").join(name)
    }

    /// Reads a configuration file, or its default where there is none, as on another machine.
    pub(super) fn read_config<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T> {
        let path = self.0.join("input/config").join(name);
        match std::fs::read(&path) {
            Ok(json) => parse(&path, &json),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
}

fn parse<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).with_context(|| format!("{} is not what SageMaker writes", path.display()))
}
