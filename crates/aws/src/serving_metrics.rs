//! What the predict function measures, gathered over many requests into few lines.
//!
//! A line a request would cost more than the request. So requests are counted in memory, and a line is due at the
//! end of one when the last line is a minute old, when it is full, or when a model came, went or failed to. A
//! sandbox's first request is told at once; what a sandbox did not tell when Lambda ends it is lost, at most what
//! came in the minute after its last line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use matinee_serving::{LoadFuture, ObservedRequest, Source};
use serde_json::{Value, json};

use crate::metrics::{MAX_VALUES, Metric, line};

/// How old the last line may be.
const EVERY: Duration = Duration::from_mins(1);

/// What was measured and not yet told.
#[derive(Debug)]
pub struct ServingMetrics {
    stack: String,
    gathered: Mutex<Gathered>,
    live: Mutex<Option<LiveModel>>,
}

#[derive(Debug, Default)]
struct Gathered {
    latencies: Vec<f64>,
    unknown_users: u64,
    unknown_movies: u64,
    fallbacks: u64,
    endpoint_errors: u64,
    loads: Vec<f64>,
    load_failures: u64,
    swaps: u64,
    /// When a line was written last.
    told: Option<Instant>,
}

#[derive(Debug, Clone)]
struct LiveModel {
    version: String,
    created_at: Timestamp,
}

impl ServingMetrics {
    /// Metrics of a stack.
    pub fn new(stack: String) -> Self {
        Self { stack, gathered: Mutex::default(), live: Mutex::default() }
    }

    /// Counts a request.
    pub fn count(&self, observed: &ObservedRequest) {
        let answer = &observed.answer;
        let mut gathered = lock(&self.gathered);
        gathered.latencies.push(milliseconds(observed.duration));
        gathered.unknown_users += u64::from(answer.unknown_users);
        gathered.unknown_movies += u64::from(answer.unknown_movies);
        gathered.fallbacks += u64::from(answer.fallbacks);
        gathered.endpoint_errors += u64::from(answer.endpoint_errors);
    }

    /// The line to write now, if one is due.
    pub fn due(&self) -> Option<String> {
        self.due_at(Instant::now())
    }

    /// This model is live; its age is part of every line from now on.
    pub(crate) fn is_live(&self, version: &str, created_at: &str) {
        if let Ok(created_at) = created_at.parse() {
            *lock(&self.live) = Some(LiveModel { version: version.to_owned(), created_at });
        }
    }

    fn due_at(&self, now: Instant) -> Option<String> {
        let gathered = lock(&self.gathered).take_if_due(now)?;
        let live = lock(&self.live).clone();
        let mut metrics = gathered.metrics();
        if let Some(live) = &live {
            metrics.push((Metric::ModelAgeHours, json!(age_in_hours(live.created_at, Timestamp::now()))));
        }
        let properties = json!({"requests": gathered.latencies.len(), "live": live.map(|live| live.version)});
        Some(line(&self.stack, &metrics, "metrics", &properties))
    }
}

/// How old a model is; none is younger than 0, whatever the clocks say.
fn age_in_hours(created_at: Timestamp, now: Timestamp) -> f64 {
    (now.as_second() - created_at.as_second()).max(0) as f64 / 3600.0
}

impl Gathered {
    fn take_if_due(&mut self, now: Instant) -> Option<Self> {
        let is_late = self.told.is_none_or(|told| now.duration_since(told) >= EVERY);
        let is_full = self.latencies.len() >= MAX_VALUES || self.loads.len() >= MAX_VALUES;
        let has_news = self.swaps + self.load_failures > 0 || !self.loads.is_empty();
        let is_due = is_late || is_full || has_news;
        is_due.then(|| std::mem::replace(self, Self { told: Some(now), ..Self::default() }))
    }

    /// What there is to tell: a count of nothing is left out.
    fn metrics(&self) -> Vec<(Metric, Value)> {
        let counts = [
            (Metric::UnknownUsers, self.unknown_users),
            (Metric::UnknownMovies, self.unknown_movies),
            (Metric::Fallbacks, self.fallbacks),
            (Metric::EndpointErrors, self.endpoint_errors),
            (Metric::ModelLoadFailures, self.load_failures),
            (Metric::ModelSwaps, self.swaps),
        ];
        let values = [(Metric::LatencyMs, &self.latencies), (Metric::ModelLoadMs, &self.loads)];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let values = values.into_iter().filter(|(_, values)| !values.is_empty());
        counts
            .map(|(metric, count)| (metric, json!(count)))
            .chain(values.map(|(metric, values)| (metric, json!(values))))
            .collect()
    }
}

/// A source whose loads are measured.
pub struct Measured<S> {
    source: S,
    metrics: Option<Arc<ServingMetrics>>,
}

impl<S> Measured<S> {
    /// The same source; nothing is measured without metrics.
    pub fn new(source: S, metrics: Option<Arc<ServingMetrics>>) -> Self {
        Self { source, metrics }
    }

    fn tell(&self, tell: impl FnOnce(&mut Gathered)) {
        if let Some(metrics) = &self.metrics {
            tell(&mut lock(&metrics.gathered));
        }
    }
}

impl<T: Send + 'static, S: Source<T>> Source<T> for Measured<S> {
    fn load(&self) -> LoadFuture<'_, T> {
        Box::pin(async {
            let begin = Instant::now();
            let loaded = self.source.load().await;
            self.tell(|gathered| match &loaded {
                Ok(_) => gathered.loads.push(milliseconds(begin.elapsed())),
                Err(_) => gathered.load_failures += 1,
            });
            loaded
        })
    }

    /// The time is not told: this load runs beside requests and is frozen between them.
    fn reload(&self) -> LoadFuture<'_, Option<T>> {
        Box::pin(async {
            let loaded = self.source.reload().await;
            self.tell(|gathered| match &loaded {
                Ok(Some(_)) => gathered.swaps += 1,
                Ok(None) => {}
                Err(_) => gathered.load_failures += 1,
            });
            loaded
        })
    }
}

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_serving::{AnswerSummary, LoadError, LoadReason};

    fn observed(answer: AnswerSummary) -> ObservedRequest {
        ObservedRequest { duration: Duration::from_micros(87), answer }
    }

    fn at(metrics: &ServingMetrics, now: Instant) -> Option<Value> {
        metrics.due_at(now).map(|line| serde_json::from_str(&line).unwrap())
    }

    /// The names that CloudWatch reads from a line; each must have a value there.
    fn names(line: &Value) -> Vec<&str> {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        let names: Vec<&str> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert!(names.iter().all(|name| line[name].is_number() || line[name].is_array()), "{line}");
        names
    }

    #[test]
    fn the_first_request_is_told_at_once_and_others_once_a_minute() {
        let metrics = ServingMetrics::new("matinee".to_owned());
        let begin = Instant::now();
        let unknown = AnswerSummary { unknown_users: 1, fallbacks: 1, ..AnswerSummary::default() };
        metrics.count(&observed(unknown.clone()));
        let line = at(&metrics, begin).unwrap();
        assert_eq!(names(&line), ["UnknownUsers", "Fallbacks", "LatencyMs"]);
        assert_eq!((&line["LatencyMs"], &line["requests"]), (&json!([0.087]), &json!(1)));
        for second in 1..60 {
            metrics.count(&observed(unknown.clone()));
            assert!(at(&metrics, begin + Duration::from_secs(second)).is_none(), "{second}");
        }
        let line = at(&metrics, begin + EVERY).unwrap();
        assert_eq!((&line["UnknownUsers"], &line["requests"]), (&json!(59), &json!(59)));
    }

    #[test]
    fn a_line_is_full_at_what_cloudwatch_takes() {
        let metrics = ServingMetrics::new("matinee".to_owned());
        let now = Instant::now();
        let mut lines = Vec::new();
        for _ in 0..=3 * MAX_VALUES {
            metrics.count(&observed(AnswerSummary { endpoint_errors: 1, ..AnswerSummary::default() }));
            lines.extend(at(&metrics, now));
        }
        let told: Vec<u64> = lines.iter().map(|line| line["EndpointErrors"].as_u64().unwrap()).collect();
        assert_eq!(told, [1, 100, 100, 100], "nothing is lost");
    }

    struct Script(Mutex<Vec<Result<Option<u32>, LoadReason>>>);

    impl Source<u32> for Script {
        fn load(&self) -> LoadFuture<'_, u32> {
            let next = lock(&self.0).remove(0);
            Box::pin(async move { next.map(Option::unwrap).map_err(failure) })
        }

        fn reload(&self) -> LoadFuture<'_, Option<u32>> {
            let next = lock(&self.0).remove(0);
            Box::pin(async move { next.map_err(failure) })
        }
    }

    fn failure(reason: LoadReason) -> LoadError {
        LoadError { reason, detail: String::new() }
    }

    #[tokio::test]
    async fn what_becomes_of_models_is_told_with_the_next_request() {
        let metrics = Arc::new(ServingMetrics::new("matinee".to_owned()));
        let now = Instant::now();
        let told = || {
            metrics.count(&observed(AnswerSummary::default()));
            at(&metrics, now)
        };
        assert_eq!(names(&told().unwrap()), ["LatencyMs"]);

        let wrong = LoadReason::Invalid;
        let script = Script(Mutex::new(vec![Err(wrong), Ok(Some(1)), Ok(None), Err(wrong), Ok(Some(2))]));
        let source = Measured::new(script, Some(Arc::clone(&metrics)));
        assert!(source.load().await.is_err());
        assert_eq!(told().unwrap()["ModelLoadFailures"], 1);
        source.load().await.unwrap();
        metrics.is_live("1", &(Timestamp::now() - jiff::Span::new().hours(3)).to_string());
        let line = told().unwrap();
        assert_eq!(names(&line), ["LatencyMs", "ModelLoadMs", "ModelAgeHours"]);
        assert!((line["ModelAgeHours"].as_f64().unwrap() - 3.0).abs() < 0.01, "{line}");
        assert_eq!(line["live"], "1");
        source.reload().await.unwrap();
        assert!(told().is_none(), "nothing newer is no news");
        assert!(source.reload().await.is_err());
        let line = told().unwrap();
        assert_eq!((&line["ModelLoadFailures"], &line["requests"]), (&json!(1), &json!(2)));
        source.reload().await.unwrap();
        assert_eq!(told().unwrap()["ModelSwaps"], 1);
    }

    #[test]
    fn an_age_is_never_negative() {
        for (created, now, hours) in [
            ("2026-01-01T00:00:00Z", "2026-01-02T00:30:00Z", 24.5),
            ("2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 0.0),
            ("9999-12-30T22:00:00Z", "2026-01-01T00:00:00Z", 0.0),
        ] {
            let [created_at, at] = [created, now].map(|text| text.parse().unwrap());
            assert_eq!(age_in_hours(created_at, at), hours, "{created} at {now}");
        }
    }
}
