//! `predict`, an S3 with two models and a pointer, and a proxy between them.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use matinee_model::artifact::sha256_hex;
use matinee_tests::{
    Call, FakeRuntime, Recorder, RunningFunction, S3Double, binary, read_event, train_small,
};
use serde_json::{Value, json};

/// The pointer.
pub const POINTER: &str = "models/live.json";
/// The shortest time between two looks of the function at the pointer.
const REFRESH: Duration = Duration::from_secs(1);

/// An S3 with two models, of which the first is live.
pub struct TestBed {
    pub s3: S3Double,
    pub recorder: Recorder,
    pub versions: [String; 2],
}

/// A sandbox of `predict`.
pub struct Predict {
    runtime: FakeRuntime,
    _process: RunningFunction,
}

/// An answer to `POST /predict`.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub body: Value,
}

/// Two models, trained once.
fn models() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for seed in 0..2 {
            train_small(&folder.path().join(seed.to_string()), seed);
        }
        folder
    });
    folder.path()
}

impl TestBed {
    pub async fn start() -> Self {
        let s3 = S3Double::start().await;
        let versions = [0, 1].map(|index| {
            let folder = models().join(index.to_string());
            s3.put_folder(&format!("models/{index}/"), &folder);
            let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            manifest["version"].as_str().unwrap().to_owned()
        });
        let recorder = Recorder::start(s3.address()).await;
        let bed = Self { s3, recorder, versions };
        bed.point_to(0);
        bed
    }

    /// The pointer to a model.
    pub fn pointer(&self, index: usize) -> Value {
        let manifest = std::fs::read(models().join(index.to_string()).join("manifest.json")).unwrap();
        json!({
            "version": self.versions[index],
            "uri": self.s3.uri(&format!("models/{index}/")),
            "manifest_sha256": sha256_hex(&manifest),
            "published_at": "2026-01-01T00:00:00Z",
        })
    }

    /// Makes a model live.
    pub fn point_to(&self, index: usize) {
        self.s3.put(POINTER, self.pointer(index).to_string().as_bytes());
    }

    /// Starts a sandbox that follows the pointer.
    pub async fn predict(&self) -> Predict {
        self.predict_with(&[]).await
    }

    /// Starts a sandbox with these additional variables.
    pub async fn predict_with(&self, more: &[(&str, &str)]) -> Predict {
        let (uri, refresh) = (self.s3.uri(POINTER), REFRESH.as_secs().to_string());
        let mut environment = self.recorder.environment().to_vec();
        environment.extend([("MODEL_URI", uri.as_str()), ("MODEL_REFRESH_SECONDS", refresh.as_str())]);
        environment.extend(more);
        let runtime = FakeRuntime::start().await;
        let process = runtime.run(&binary("predict"), &environment);
        Predict { runtime, _process: process }
    }

    /// Ends all faults; at least one must have struck.
    pub async fn heal(&self) -> Vec<Call> {
        let struck = self.recorder.heal().await;
        assert!(!struck.is_empty(), "the fault met no call");
        struck
    }
}

impl Predict {
    /// Waits until the function asks for its first event.
    pub async fn ready(&self) {
        self.runtime.ready().await;
    }

    /// The answer to a request.
    pub async fn ask(&self) -> Answer {
        let answer = self.runtime.invoke(read_event("predict")).await.unwrap();
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        Answer { status: answer["statusCode"].as_u64().unwrap(), body }
    }

    /// Sends requests for longer than it takes to look at the pointer: the same model must keep answering.
    pub async fn goes_on_with(&self, version: &str) {
        let begin = Instant::now();
        while begin.elapsed() < 2 * REFRESH {
            let answer = self.ask().await;
            assert_eq!((answer.status, &answer.body["model_version"]), (200, &json!(version)), "{answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends requests until this model answers. None of them may fail.
    pub async fn comes_to(&self, version: &str) {
        let begin = Instant::now();
        loop {
            let answer = self.ask().await;
            assert_eq!(answer.status, 200, "a request failed because of the swap: {answer:?}");
            if answer.body["model_version"] == version {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "{version} does not go live: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends requests until this model answers; the outage may be remembered for some time.
    pub async fn recovers_to(&self, version: &str) {
        let begin = Instant::now();
        loop {
            let answer = self.ask().await;
            if answer.status == 200 {
                assert_eq!(answer.body["model_version"], version);
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "no recovery: {answer:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Answer {
    /// Checks that there is no model, for this reason.
    #[track_caller]
    pub fn assert_unavailable(&self, reason: &str) {
        let error = &self.body["error"];
        assert_eq!((self.status, &error["code"]), (503, &json!("model_unavailable")), "{self:?}");
        assert_eq!(error["reason"], reason, "{self:?}");
    }
}
