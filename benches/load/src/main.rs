//! Sends events to one sandbox of `predict`, one after the other as Lambda does, and prints a line for
//! `benches/load/run.sh`: `matinee-load SECONDS PREDICT_BINARY MODEL RATINGS`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::path::Path;
use std::time::{Duration, Instant};

use matinee_tests::{FakeRuntime, read_event};
use serde_json::{Value, json};

/// The number of different pairs to ask for.
const PAIRS: usize = 1_000;
const WARM_UP: Duration = Duration::from_secs(2);

struct Load {
    runtime: FakeRuntime,
    events: Vec<Value>,
    process: u32,
    errors: usize,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, predict, model, ratings] = arguments.as_slice() else {
        eprintln!("usage: matinee-load SECONDS PREDICT_BINARY MODEL RATINGS");
        std::process::exit(2);
    };
    let time = Duration::from_secs(seconds.parse().unwrap());
    let runtime = FakeRuntime::start().await;
    let environment = [("MODEL_URI", model.as_str()), ("AWS_LAMBDA_LOG_LEVEL", "ERROR")];
    let function = runtime.run(Path::new(predict), &environment);
    let process = function.process.id().unwrap();
    let mut load = Load { runtime, events: events(ratings), process, errors: 0 };

    load.ask_for(WARM_UP).await;
    load.errors = 0;
    let begin = Instant::now();
    let start = load.resident_mb();
    let mut times = load.ask_for(time / 2).await;
    let middle = load.resident_mb();
    times.extend(load.ask_for(time / 2).await);
    let end = load.resident_mb();
    let per_second = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |per_mille: usize| f64::from(times[(times.len() * per_mille / 1000).min(times.len() - 1)]) / 1e3;
    println!(
        "result\t{per_second}\t{}\t{}\t{}\t{}\t{}\t{start}\t{middle}\t{end}",
        at(500),
        at(990),
        load.errors,
        times.len(),
        at(999)
    );
}

/// Requests for pairs of a user and a movie that are far apart in the file.
fn events(ratings: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(ratings).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let template = read_event("predict");
    (0..PAIRS)
        .map(|index| {
            let (user, movie) = (rows[index * 7919 % rows.len()][0], rows[index * 104_729 % rows.len()][1]);
            let mut event = template.clone();
            event["body"] = json!({"userId": user, "movieId": movie}).to_string().into();
            event
        })
        .collect()
}

impl Load {
    /// Sends requests for this long. Returns the time of each answer in microseconds.
    async fn ask_for(&mut self, time: Duration) -> Vec<u32> {
        let begin = Instant::now();
        let mut times = Vec::new();
        for event in self.events.iter().cycle() {
            if begin.elapsed() >= time {
                break;
            }
            let sent = Instant::now();
            let answer = self.runtime.invoke(event.clone()).await;
            times.push(sent.elapsed().as_micros() as u32);
            self.errors += usize::from(!answer.is_ok_and(|answer| answer["statusCode"] == 200));
        }
        times
    }

    /// The resident memory of the function.
    fn resident_mb(&self) -> f64 {
        let path = format!("/proc/{}/smaps_rollup", self.process);
        let smaps = std::fs::read_to_string(path).unwrap();
        let line = smaps.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }
}
