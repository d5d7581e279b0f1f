//! Where files are under `/opt/ml`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

/// `/opt/ml`, or a folder that is used instead.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// A folder to use instead of `/opt/ml`.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The folder of the model. After a job, its contents become `model.tar.gz`; in an endpoint, they come from it.
    pub fn model(&self) -> PathBuf {
        self.0.join("model")
    }

    /// The folder whose contents become `output.tar.gz`.
    pub(super) fn output_data(&self) -> PathBuf {
        self.0.join("output/data")
    }

    /// The failure file. Its first 1,024 characters become the job's `FailureReason`.
    pub(super) fn failure(&self) -> PathBuf {
        self.0.join("output/failure")
    }

    /// The folder that `SageMaker` copies to S3 while the job runs, and restores if the job is started again.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// The ratings that a job has read from a table, beside its checkpoints.
    pub(super) fn kept_ratings(&self) -> PathBuf {
        self.checkpoints().join("kept-ratings.csv")
    }

    /// The folder of a channel.
    pub(super) fn channel(&self, name: &str) -> PathBuf {
        self.0.join("input/data").join(name)
    }

    /// Reads a configuration file. If there is none, as on another machine, returns the default.
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
    serde_json::from_slice(json)
        .with_context(|| format!("{} does not have the form that SageMaker writes", path.display()))
}
