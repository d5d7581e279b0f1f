//! A job under test, in a folder that stands for `/opt/ml`.

use std::path::PathBuf;
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use matinee_model::Model;
use serde_json::{Value, json};

use crate::support::{matinee, root};

pub const FEW: &str = "userId,movieId,rating\n1,10,4\n1,20,2\n2,10,5\n2,20,3\n";
pub const TITLES: &str = "movieId,title\n10,Ten\n20,Twenty\n";

/// A job's folder with `data/` as channel `train`.
pub struct Job(tempfile::TempDir);

impl Job {
    pub fn new(hyperparameters: &Value) -> Self {
        let job = Self::without_data(hyperparameters);
        for name in ["ratings.csv", "movies.csv"] {
            job.put_bytes(
                &format!("input/data/train/{name}"),
                &std::fs::read(root().join("data").join(name)).unwrap(),
            );
        }
        job
    }

    pub fn without_data(hyperparameters: &Value) -> Self {
        let job = Self(tempfile::tempdir().unwrap());
        job.put("input/config/hyperparameters.json", &hyperparameters.to_string());
        job
    }

    pub fn put(&self, path: &str, text: &str) {
        self.put_bytes(path, text.as_bytes());
    }

    pub fn put_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub fn command(&self) -> Command {
        let mut command = matinee();
        command.args(["sagemaker", "train", "--root"]).arg(self.0.path()).env("TRAINING_JOB_NAME", "job-1");
        command
    }

    /// Runs the job, which must succeed, and returns its standard output.
    #[track_caller]
    pub fn succeed(&self) -> String {
        let Output { status, stdout, stderr } = self.command().output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        assert!(!self.path("output/failure").exists());
        String::from_utf8(stdout).unwrap()
    }

    /// Runs the job, which must fail, and returns the reason that it writes.
    #[track_caller]
    pub fn fail(&self) -> String {
        let output = self.command().output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(!self.path("model/manifest.json").exists());
        std::fs::read_to_string(self.path("output/failure")).unwrap()
    }

    pub fn model(&self) -> Model {
        Model::open(&self.path("model")).unwrap()
    }

    pub fn tensors(&self) -> Vec<u8> {
        std::fs::read(self.path("model/model.safetensors")).unwrap()
    }

    pub fn evaluation(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("output/data/evaluation.json")).unwrap()).unwrap()
    }
}

pub fn small() -> Value {
    json!({"algorithm": "svd", "n_factors": "8", "n_epochs": "2"})
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut gzip, bytes).unwrap();
    gzip.finish().unwrap()
}

/// The number after `name=`.
pub fn metric(printed: &str, name: &str) -> f64 {
    let rest = printed.lines().find_map(|line| line.split_once(&format!("{name}="))).unwrap().1;
    rest.split(';').next().unwrap().parse().unwrap()
}
