//! Starts functions in turn against a fake Runtime API, and prints the time from the start of the process to
//! its first `next` request: `cold-start RUNS MODEL EMPTY_BINARY PREDICT_BINARY`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use matinee_tests::{FakeRuntime, read_event};

/// No log lines between the figures.
const QUIET: (&str, &str) = ("AWS_LAMBDA_LOG_LEVEL", "ERROR");

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runs, model, empty, predict] = arguments.as_slice() else {
        eprintln!("usage: cold-start RUNS MODEL EMPTY_BINARY PREDICT_BINARY");
        std::process::exit(2);
    };
    let (empty, predict) = (PathBuf::from(empty), PathBuf::from(predict));
    let mut starts = [Vec::new(), Vec::new()];
    let mut requests = Vec::new();
    for _ in 0..runs.parse().unwrap() {
        starts[0].push(start(&empty, &[QUIET]).await);
        starts[1].push(start(&predict, &[("MODEL_URI", model), QUIET]).await);
        requests.push(warm_request(&predict, model).await);
    }
    println!("{:<44} {:>8} {:>8} {:>8}", format!("milliseconds, {runs} runs"), "min", "median", "max");
    let [empty, predict] = starts.map(summary);
    print("empty function: start to first `next`", empty);
    print("predict, model from a path: the same", predict);
    print("predict: a warm request through the runtime", summary(requests));
    println!("predict takes {:.2} ms more than the empty function (medians)", predict[1] - empty[1]);
}

async fn start(binary: &Path, environment: &[(&str, &str)]) -> Duration {
    let runtime = FakeRuntime::start().await;
    let (ready, function) = tokio::join!(runtime.ready(), async { runtime.run(binary, environment) });
    ready - function.started
}

/// The time that the second request takes, from handing it out to its answer.
async fn warm_request(binary: &Path, model: &str) -> Duration {
    let runtime = FakeRuntime::start().await;
    let _function = runtime.run(binary, &[("MODEL_URI", model), QUIET]);
    runtime.invoke(read_event("predict")).await.unwrap();
    let begin = std::time::Instant::now();
    runtime.invoke(read_event("predict")).await.unwrap();
    begin.elapsed()
}

/// Minimum, median and maximum in milliseconds.
fn summary(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    [times[0], times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64() * 1e3)
}

fn print(name: &str, [min, median, max]: [f64; 3]) {
    println!("{name:<44} {min:>8.2} {median:>8.2} {max:>8.2}");
}
