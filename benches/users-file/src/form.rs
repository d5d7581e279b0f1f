//! A form of the model, and the process of `predict` that serves it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use matinee_tests::{FakeRuntime, RunningFunction, read_event};
use serde_json::{Value, json};

/// The user of the first request.
const FIRST_USER: &str = "1";
const MOVIE: &str = "7";

/// A form of the model.
pub struct Form {
    pub name: &'static str,
    binary: PathBuf,
    environment: Vec<(&'static str, String)>,
    starts: Vec<Duration>,
    process: Option<(FakeRuntime, RunningFunction)>,
}

/// An answer of `predict`.
pub struct Answer(Value);

impl Form {
    /// The model at `uri`, served with this memory in MB.
    pub fn new(name: &'static str, binary: &Path, uri: String, s3: &str, memory: &str) -> Self {
        let environment = [
            ("MODEL_URI", uri.as_str()),
            ("AWS_ENDPOINT_URL", s3),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory),
            // Keeps log lines out of the output.
            ("AWS_LAMBDA_LOG_LEVEL", "FATAL"),
        ];
        let environment = environment.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { name, binary: binary.to_owned(), environment, starts: Vec::new(), process: None }
    }

    /// Starts a process, which replaces the one before, and returns its first answer.
    pub async fn start(&mut self) -> Answer {
        self.process = None;
        let runtime = FakeRuntime::start().await;
        let variables: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let function = runtime.run(&self.binary, &variables);
        let answer = runtime.invoke(request(FIRST_USER)).await.unwrap();
        self.starts.push(function.started.elapsed());
        self.process = Some((runtime, function));
        Answer(answer)
    }

    /// The prediction for a user, and how long it took.
    pub async fn ask(&self, user: &str) -> (Value, Duration) {
        let (runtime, _) = self.process.as_ref().unwrap();
        let begin = Instant::now();
        let answer = runtime.invoke(request(user)).await.unwrap();
        let time = begin.elapsed();
        (Answer(answer).prediction(), time)
    }

    /// The shortest, the median and the longest start in milliseconds.
    pub fn starts(&self) -> [f64; 3] {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        [starts[0], starts[starts.len() / 2], starts[starts.len() - 1]].map(|time| time.as_secs_f64() * 1e3)
    }

    /// The largest and the current resident memory of the process in MB.
    pub fn megabytes(&self) -> [f64; 2] {
        let process = self.process.as_ref().and_then(|(_, function)| function.process.id()).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        ["VmHWM:", "VmRSS:"].map(|name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
        })
    }
}

impl Answer {
    fn body(&self) -> Value {
        serde_json::from_str(self.0["body"].as_str().unwrap()).unwrap()
    }

    /// Whether it is a prediction, and not an error.
    pub fn is_prediction(&self) -> bool {
        self.0["statusCode"] == 200
    }

    /// The prediction, without the version: it differs between the forms.
    pub fn prediction(&self) -> Value {
        assert_eq!(self.0["statusCode"], 200, "{}", self.0);
        let mut body = self.body();
        body.as_object_mut().unwrap().remove("model_version").unwrap();
        body
    }

    /// What became of the request, in one line.
    pub fn outcome(&self) -> String {
        if self.is_prediction() {
            return "answers".to_owned();
        }
        let error = &self.body()["error"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}, {}", self.0["statusCode"], text(&error["code"]), text(&error["reason"]))
    }
}

fn request(user: &str) -> Value {
    let mut event = read_event("predict");
    event["body"] = json!({"userId": user, "movieId": MOVIE}).to_string().into();
    event
}
