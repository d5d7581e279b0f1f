//! What the function logs and measures, from its standard output.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use matinee_aws::metrics::{DIMENSION, Metric, NAMESPACE};
use matinee_tests::{FakeRuntime, Fault, Recorder, RunningFunction, S3Double, TRACE_ID, train_small};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::predict_event;

/// The folder of a model that exists as long as the tests run.
fn model() -> &'static str {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        train_small(folder.path(), 0);
        folder
    });
    folder.path().to_str().unwrap()
}

/// A function with a model, and its log.
struct Watched {
    runtime: FakeRuntime,
    process: RunningFunction,
    folder: tempfile::TempDir,
}

impl Watched {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut all =
            vec![("MODEL_URI", model()), ("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("STACK_NAME", "matinee-test")];
        all.extend(environment);
        let runtime = FakeRuntime::start().await;
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = runtime.run_logging_to(Path::new(env!("CARGO_BIN_EXE_predict")), &all, log);
        Self { runtime, process, folder }
    }

    async fn predict(&self, user: &str, movie: &str) {
        self.runtime.invoke(predict_event(user, movie)).await.unwrap();
    }

    /// All lines. The function is stopped first, so that no line is missing.
    async fn lines(mut self) -> Vec<Value> {
        self.process.process.kill().await.unwrap();
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

fn requests(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["message"] == "request").collect()
}

fn metrics(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["_aws"].is_object()).collect()
}

#[tokio::test]
async fn each_request_has_a_line_with_its_ids() {
    let function = Watched::start(&[]).await;
    function.predict("2", "2959").await;
    function.predict("somebody", "2959").await;
    function.predict("2", "no-such-movie").await;
    let lines = function.lines().await;
    let requests = requests(&lines);
    assert_eq!(requests.len(), 3, "{lines:?}");
    for (line, is_first) in requests.iter().zip([true, false, false]) {
        assert_eq!((&line["method"], &line["route"]), (&json!("POST"), &json!("/predict")), "{line}");
        assert_eq!(line["cold_start"], is_first, "{line}");
        assert_eq!(line["span"]["xrayTraceId"], TRACE_ID, "{line}");
        assert_eq!(line["span"]["requestId"], line["request_id"], "the request id is Lambda's: {line}");
        assert!(line["duration_us"].is_u64(), "{line}");
        assert!(!line.to_string().contains("somebody") && !line.to_string().contains("no-such"), "{line}");
    }
    assert!(requests[0]["model_version"].is_string() && requests[0].get("error").is_none());
    assert_eq!((&requests[2]["status"], &requests[2]["error"]), (&json!(404), &json!("unknown_movie")));
}

#[tokio::test]
async fn errors_are_always_logged_and_metrics_count_all_requests() {
    let function = Watched::start(&[("LOG_SAMPLE", "0")]).await;
    function.predict("nobody", "2959").await;
    for _ in 0..200 {
        function.predict("nobody", "2959").await;
    }
    function.predict("2", "no-such-movie").await;
    let lines = function.lines().await;
    let statuses: Vec<&Value> = requests(&lines).iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, [200, 404], "the cold start and the error");
    let metrics = metrics(&lines);
    assert_eq!(metrics.len(), 3, "one line for the first request, then one for every hundred: {metrics:?}");
    let count = |name: &str| metrics.iter().map(|line| line[name].as_u64().unwrap_or(0)).sum::<u64>();
    assert_eq!((count("requests"), count("UnknownUsers"), count("Fallbacks")), (201, 201, 201));
    assert!(metrics[0]["ModelLoadMs"][0].as_f64().unwrap() > 0.0, "{}", metrics[0]);
    assert_eq!(metrics[1]["LatencyMs"].as_array().unwrap().len(), 100);
    let known: BTreeSet<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    for line in &metrics {
        let definition = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&definition["Namespace"], &line[DIMENSION]), (&json!(NAMESPACE), &json!("matinee-test")));
        for metric in definition["Metrics"].as_array().unwrap() {
            assert!(known.contains(metric["Name"].as_str().unwrap()), "{line}");
        }
    }
    println!(
        "bytes of a request line: {}; of a metrics line for 1 request: {}, for 100 requests: {}",
        requests(&lines)[0].to_string().len(),
        metrics[0].to_string().len(),
        metrics[1].to_string().len()
    );
}

#[tokio::test]
async fn failures_of_the_endpoint_are_counted() {
    let function = Watched::start(&[
        ("ENDPOINT_NAME", "matinee-test"),
        // Nothing listens on the discard port.
        ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:9"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ])
    .await;
    function.predict("2", "2959").await;
    let lines = function.lines().await;
    assert_eq!(metrics(&lines)[0]["EndpointErrors"], 1, "{lines:?}");
}

#[tokio::test]
async fn without_a_stack_nothing_is_measured() {
    let function = Watched::start(&[("STACK_NAME", "")]).await;
    function.predict("2", "2959").await;
    assert!(metrics(&function.lines().await).is_empty());
}

/// Takes 8 s, which is how long the function waits for a load in its init phase.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_continues_after_the_init_phase() {
    let s3 = S3Double::start().await;
    s3.put_folder("models/1/", Path::new(model()));
    let recorder = Recorder::start(s3.address()).await;
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    recorder.inject(Fault::Hold(arrived, Arc::clone(&go_on)).at("s3:GetObject", "manifest.json"));
    let uri = s3.uri("models/1/");
    let mut environment = recorder.environment().to_vec();
    environment.push(("MODEL_URI", uri.as_str()));
    let function = Watched::start(&environment).await;
    function.runtime.ready().await;
    assert!(!recorder.heal().await.is_empty());
    go_on.notify_waiters();
    function.predict("2", "2959").await;
    let lines = function.lines().await;
    assert_eq!(requests(&lines)[0]["status"], 200, "{lines:?}");
    let loads = metrics(&lines)[0]["ModelLoadMs"].as_array().unwrap().clone();
    assert_eq!(loads.len(), 1, "{loads:?}");
    // The load began in the init phase, so it took longer than that.
    assert!(loads[0].as_f64().unwrap() >= 8_000.0, "the load started over: {loads:?}");
}

/// The words of the query language that `docs/operations.md` uses.
const QUERY_WORDS: [&str; 18] = [
    "filter", "fields", "stats", "count", "pct", "avg", "sum", "max", "as", "by", "bin", "sort", "desc",
    "asc", "limit", "and", "or", "in",
];

#[tokio::test]
async fn the_documented_queries_use_existing_fields() {
    let function = Watched::start(&[]).await;
    // The metrics of the first request are written at once, with all counts.
    function.predict("nobody", "2959").await;
    function.predict("2", "no-such-movie").await;
    let mut fields = BTreeSet::new();
    for line in function.lines().await {
        for (name, value) in line.as_object().unwrap() {
            fields.insert(name.clone());
            let inner = value.as_object().into_iter().flatten();
            fields.extend(inner.map(|(inner, _)| format!("{name}.{inner}")));
        }
    }
    let page = matinee_tests::events_folder().with_file_name("docs").join("operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let queries: Vec<&str> = page.split("```").filter(|block| block.contains("filter message = ")).collect();
    assert!(queries.len() >= 3, "{queries:?}");
    for query in queries {
        let unquoted: String = query.split('"').step_by(2).collect();
        let is_name = |text: char| text.is_ascii_alphanumeric() || "_.".contains(text);
        let words: Vec<&str> = unquoted.split(|text| !is_name(text)).collect();
        let made: BTreeSet<&str> =
            words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1]).collect();
        for word in words.iter().filter(|word| word.starts_with(|first: char| first.is_ascii_alphabetic())) {
            assert!(
                QUERY_WORDS.contains(word) || made.contains(word) || fields.contains(*word),
                "no line has the field `{word}`: {query}\n{fields:?}"
            );
        }
    }
}
