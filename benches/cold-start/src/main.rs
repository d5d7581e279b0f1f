//! Starts functions in turn with a fake Runtime API and an S3 on loopback, and prints the time from the start of the
//! process to its first `next` request: `cold-start RUNS MODEL EMPTY_BINARY PREDICT_BINARY [PYTHON SCRIPT]`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

mod memory_s3;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use matinee_generated_model::ModelSize;
use matinee_tests::{FakeRuntime, read_event};

/// Keeps log lines out of the output.
const QUIET: (&str, &str) = ("AWS_LAMBDA_LOG_LEVEL", "ERROR");
const BUCKET: &str = "/bench/";
const WARM_REQUESTS: usize = 500;

/// A function with its environment.
struct Setting {
    name: &'static str,
    binary: PathBuf,
    environment: Vec<(&'static str, String)>,
    starts: Vec<Duration>,
    memory_kb: Vec<u64>,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runs, model, empty, predict, python @ ..] = arguments.as_slice() else {
        eprintln!("usage: cold-start RUNS MODEL EMPTY_BINARY PREDICT_BINARY [PYTHON_LAMBDA]");
        std::process::exit(2);
    };
    let runs: usize = runs.parse().unwrap();
    let large = tempfile::tempdir().unwrap();
    ModelSize::MOVIELENS_32M.write(&large.path().join("model"), None);
    let s3 = serve_models(Path::new(model), &large.path().join("model")).await;
    let from_s3 = |uri: &str| {
        vec![
            ("MODEL_URI", format!("s3://bench/{uri}")),
            ("AWS_ENDPOINT_URL", s3.clone()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ]
    };
    let mut settings = vec![
        Setting::new("empty function", empty, Vec::new()),
        Setting::new("predict, data/ model bundled", predict, vec![("MODEL_URI", model.clone())]),
        Setting::new("predict, data/ model from S3, by the pointer", predict, from_s3("models/live.json")),
        Setting::new("predict, 300,000 x 64 from S3", predict, from_s3("large/")),
    ];
    if let [lambda] = python {
        settings.push(Setting::new("the replaced Lambda: Python, pandas, boto3", lambda, from_s3("")));
    }
    for _ in 0..runs {
        for setting in &mut settings {
            setting.start().await;
        }
    }
    println!(
        "{:<46} {:>8} {:>8} {:>8} {:>9}",
        format!("start to ready, ms, {runs} runs"),
        "min",
        "median",
        "max",
        "over"
    );
    let floor = settings[0].summary()[1];
    for setting in &settings {
        let [min, median, max] = setting.summary();
        println!("{:<46} {min:>8.2} {median:>8.2} {max:>8.2} {:>+9.2}", setting.name, median - floor);
    }
    println!("\n{:<46} {:>8} {:>8} {:>12}", "POST /predict, warm, ms", "p50", "p99", "resident, MB");
    for setting in &settings[1..4] {
        let [p50, p99] = setting.warm().await;
        let memory = setting.memory_kb.iter().max().unwrap() / 1024;
        println!("{:<46} {p50:>8.3} {p99:>8.3} {memory:>12}", setting.name);
    }
}

/// The model of `data/` behind a pointer, and the large one under a prefix.
async fn serve_models(model: &Path, large: &Path) -> String {
    let mut objects = memory_s3::objects(&format!("{BUCKET}models/1/"), model);
    let manifest = &objects[&format!("{BUCKET}models/1/manifest.json")];
    let version = serde_json::from_slice::<serde_json::Value>(manifest).unwrap()["version"].clone();
    let pointer = serde_json::json!({
        "version": version,
        "uri": "s3://bench/models/1/",
        "manifest_sha256": matinee_model::artifact::sha256_hex(manifest),
        "published_at": "2026-01-01T00:00:00Z",
    });
    objects.insert(format!("{BUCKET}models/live.json"), pointer.to_string().into());
    objects.extend(memory_s3::objects(&format!("{BUCKET}large/"), large));
    memory_s3::serve(objects).await
}

impl Setting {
    fn new(name: &'static str, binary: &str, mut environment: Vec<(&'static str, String)>) -> Self {
        environment.push((QUIET.0, QUIET.1.to_owned()));
        environment.push(("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()));
        Self { name, binary: binary.into(), environment, starts: Vec::new(), memory_kb: Vec::new() }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    async fn start(&mut self) {
        let runtime = FakeRuntime::start().await;
        let variables = self.variables();
        let (ready, function) =
            tokio::join!(runtime.ready(), async { runtime.run(&self.binary, &variables) });
        let (time, memory) = (ready - function.started, resident_kb(function.process.id().unwrap()));
        self.starts.push(time);
        self.memory_kb.push(memory);
    }

    /// The median and the 99th percentile of the time from a request to its answer, in milliseconds.
    async fn warm(&self) -> [f64; 2] {
        let runtime = FakeRuntime::start().await;
        let _function = runtime.run(&self.binary, &self.variables());
        let mut times = Vec::new();
        for _ in 0..WARM_REQUESTS {
            let begin = Instant::now();
            let answer = runtime.invoke(read_event("predict")).await.unwrap();
            times.push(begin.elapsed().as_secs_f64() * 1e3);
            assert_eq!(answer["statusCode"], 200, "{answer}");
        }
        times.sort_unstable_by(f64::total_cmp);
        [times[WARM_REQUESTS / 2], times[WARM_REQUESTS * 99 / 100]]
    }

    /// The minimum, median and maximum in milliseconds.
    fn summary(&self) -> [f64; 3] {
        let mut times = self.starts.clone();
        times.sort_unstable();
        [times[0], times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64() * 1e3)
    }
}

fn resident_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
