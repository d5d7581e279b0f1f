//! The metrics of the predict function, collected over many requests and written in few lines.
//!
//! A line for each request would cost more than the request. So requests are counted in memory, and at the end of a
//! request a line is written if the last one is a minute old, if it is full, or if a model was loaded, replaced or failed
//! to load. The first request of a sandbox is written at once. When Lambda ends a sandbox, what was counted since its last
//! line is lost: at most a minute.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use matinee_model::live_pointer::{Figures, LivePointer};
use matinee_serving::{LoadFuture, ObservedRequest, Source};
use serde_json::{Value, json};

use crate::lock::lock;
use crate::metrics::{MAX_VALUES, Metric, line};

/// The time between two lines.
const INTERVAL: Duration = Duration::from_mins(1);

/// Collects the metrics of a sandbox.
#[derive(Debug)]
pub struct ServingMetrics {
    stack: String,
    collected: Mutex<Collected>,
    live: Mutex<Option<LiveVersion>>,
}

/// What was measured since the last line.
#[derive(Debug, Default)]
struct Collected {
    latencies: Vec<f64>,
    unknown_users: u64,
    unknown_movies: u64,
    fallbacks: u64,
    endpoint_errors: u64,
    live_ratings_unavailable: u64,
    loads: Vec<f64>,
    load_failures: u64,
    swaps: u64,
    /// When the last line was written.
    last_line: Option<Instant>,
}

#[derive(Debug, Clone)]
struct LiveVersion {
    version: String,
    figures: Figures,
}

impl LiveVersion {
    fn metrics(&self) -> Vec<(Metric, Value)> {
        let Figures { trained_at, counts, rmse, ndcg_at_10, .. } = &self.figures;
        let age = trained_at.parse().ok().map(|trained_at| age_in_hours(trained_at, Timestamp::now()));
        let values = [
            (Metric::ModelAgeHours, age),
            (Metric::ModelRmse, *rmse),
            (Metric::ModelNdcg, *ndcg_at_10),
            (Metric::ModelRatings, Some(counts.ratings.into())),
        ];
        values.into_iter().filter_map(|(metric, value)| Some((metric, json!(value?)))).collect()
    }
}

impl ServingMetrics {
    /// No metrics yet, of this stack.
    pub fn new(stack: String) -> Self {
        Self { stack, collected: Mutex::default(), live: Mutex::default() }
    }

    /// Counts a request.
    pub fn count(&self, observed: &ObservedRequest) {
        let answer = &observed.answer;
        let mut collected = lock(&self.collected);
        collected.latencies.push(milliseconds(observed.duration));
        collected.unknown_users += u64::from(answer.unknown_users);
        collected.unknown_movies += u64::from(answer.unknown_movies);
        collected.fallbacks += u64::from(answer.fallbacks);
        collected.endpoint_errors += u64::from(answer.endpoint_errors);
        collected.live_ratings_unavailable += u64::from(answer.live_ratings_unavailable);
    }

    /// The line to write now, if it is time for one.
    pub fn take_due_line(&self) -> Option<String> {
        self.take_due_line_at(Instant::now())
    }

    /// Sets the model that is live. Its age and its figures are part of every line from now on.
    pub(crate) fn set_live_version(&self, version: &str, figures: Figures) {
        *lock(&self.live) = Some(LiveVersion { version: version.to_owned(), figures });
    }

    fn take_due_line_at(&self, now: Instant) -> Option<String> {
        let collected = lock(&self.collected).take_if_due(now)?;
        let live = lock(&self.live).clone();
        let mut metrics = collected.metrics();
        metrics.extend(live.iter().flat_map(LiveVersion::metrics));
        let properties =
            json!({"requests": collected.latencies.len(), "live": live.map(|live| live.version)});
        Some(line(&self.stack, &metrics, "metrics", &properties))
    }
}

/// The age of a model; 0 if the clocks disagree so much that it would be negative.
fn age_in_hours(created_at: Timestamp, now: Timestamp) -> f64 {
    (now.as_second() - created_at.as_second()).max(0) as f64 / 3600.0
}

impl Collected {
    fn take_if_due(&mut self, now: Instant) -> Option<Self> {
        let is_late = self.last_line.is_none_or(|last| now.duration_since(last) >= INTERVAL);
        let is_full = self.latencies.len() >= MAX_VALUES || self.loads.len() >= MAX_VALUES;
        let has_news = self.swaps + self.load_failures > 0 || !self.loads.is_empty();
        let is_due = is_late || is_full || has_news;
        is_due.then(|| std::mem::replace(self, Self { last_line: Some(now), ..Self::default() }))
    }

    /// The metrics that have a value; counts of 0 are left out.
    fn metrics(&self) -> Vec<(Metric, Value)> {
        let counts = [
            (Metric::UnknownUsers, self.unknown_users),
            (Metric::UnknownMovies, self.unknown_movies),
            (Metric::Fallbacks, self.fallbacks),
            (Metric::EndpointErrors, self.endpoint_errors),
            (Metric::LiveRatingsUnavailable, self.live_ratings_unavailable),
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

/// A source of models that measures each load.
pub struct MeasuredSource<S> {
    source: S,
    metrics: Option<Arc<ServingMetrics>>,
}

impl<S> MeasuredSource<S> {
    /// The same source. Nothing is measured without metrics.
    pub fn new(source: S, metrics: Option<Arc<ServingMetrics>>) -> Self {
        Self { source, metrics }
    }

    fn record(&self, record: impl FnOnce(&mut Collected)) {
        if let Some(metrics) = &self.metrics {
            record(&mut lock(&metrics.collected));
        }
    }
}

impl<T: Send + 'static, S: Source<T>> Source<T> for MeasuredSource<S> {
    fn load(&self) -> LoadFuture<'_, T> {
        Box::pin(async {
            let begin = Instant::now();
            let loaded = self.source.load().await;
            self.record(|collected| match &loaded {
                Ok(_) => collected.loads.push(milliseconds(begin.elapsed())),
                Err(_) => collected.load_failures += 1,
            });
            loaded
        })
    }

    /// The time is not measured, because this load runs beside requests and Lambda freezes it between them.
    fn reload(&self) -> LoadFuture<'_, Option<T>> {
        Box::pin(async {
            let loaded = self.source.reload().await;
            self.record(|collected| match &loaded {
                Ok(Some(_)) => collected.swaps += 1,
                Ok(None) => {}
                Err(_) => collected.load_failures += 1,
            });
            loaded
        })
    }

    fn history(&self) -> Option<LivePointer> {
        self.source.history()
    }
}

/// Milliseconds, to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_model::artifact::Counts;
    use matinee_serving::{AnswerSummary, LoadError, LoadReason};

    fn observed(answer: AnswerSummary) -> ObservedRequest {
        ObservedRequest { duration: Duration::from_micros(87), answer }
    }

    fn at(metrics: &ServingMetrics, now: Instant) -> Option<Value> {
        metrics.take_due_line_at(now).map(|line| serde_json::from_str(&line).unwrap())
    }

    /// The names of the metrics that CloudWatch reads from a line. Checks that each has a value.
    fn names(line: &Value) -> Vec<&str> {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        let names: Vec<&str> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert!(names.iter().all(|name| line[name].is_number() || line[name].is_array()), "{line}");
        names
    }

    #[test]
    fn the_first_request_is_written_at_once_and_others_once_a_minute() {
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
        let line = at(&metrics, begin + INTERVAL).unwrap();
        assert_eq!((&line["UnknownUsers"], &line["requests"]), (&json!(59), &json!(59)));
    }

    #[test]
    fn a_line_has_at_most_as_many_values_as_cloudwatch_accepts() {
        let metrics = ServingMetrics::new("matinee".to_owned());
        let now = Instant::now();
        let mut lines = Vec::new();
        for _ in 0..=3 * MAX_VALUES {
            metrics.count(&observed(AnswerSummary { endpoint_errors: 1, ..AnswerSummary::default() }));
            lines.extend(at(&metrics, now));
        }
        let counts: Vec<u64> = lines.iter().map(|line| line["EndpointErrors"].as_u64().unwrap()).collect();
        assert_eq!(counts, [1, 100, 100, 100], "nothing is lost");
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
    async fn loads_and_swaps_are_written_with_the_next_request() {
        let metrics = Arc::new(ServingMetrics::new("matinee".to_owned()));
        let now = Instant::now();
        let next_line = || {
            metrics.count(&observed(AnswerSummary::default()));
            at(&metrics, now)
        };
        assert_eq!(names(&next_line().unwrap()), ["LatencyMs"]);

        let wrong = LoadReason::Invalid;
        let script = Script(Mutex::new(vec![Err(wrong), Ok(Some(1)), Ok(None), Err(wrong), Ok(Some(2))]));
        let source = MeasuredSource::new(script, Some(Arc::clone(&metrics)));
        assert!(source.load().await.is_err());
        assert_eq!(next_line().unwrap()["ModelLoadFailures"], 1);
        source.load().await.unwrap();
        metrics.set_live_version("1", figures(&(Timestamp::now() - jiff::Span::new().hours(3)).to_string()));
        let line = next_line().unwrap();
        assert_eq!(
            names(&line),
            ["LatencyMs", "ModelLoadMs", "ModelAgeHours", "ModelRmse", "ModelNdcg", "ModelRatings"]
        );
        assert_eq!((&line["ModelRmse"], &line["ModelRatings"]), (&json!(0.8128), &json!(100_004.0)));
        assert!((line["ModelAgeHours"].as_f64().unwrap() - 3.0).abs() < 0.01, "{line}");
        assert_eq!(line["live"], "1");
        source.reload().await.unwrap();
        assert!(next_line().is_none(), "there is nothing newer to report");
        assert!(source.reload().await.is_err());
        let line = next_line().unwrap();
        assert_eq!((&line["ModelLoadFailures"], &line["requests"]), (&json!(1), &json!(2)));
        source.reload().await.unwrap();
        assert_eq!(next_line().unwrap()["ModelSwaps"], 1);
    }

    fn figures(trained_at: &str) -> Figures {
        Figures {
            algorithm: "bayes".to_owned(),
            trained_at: trained_at.to_owned(),
            counts: Counts { users: 671, movies: 9125, rated_movies: 9066, ratings: 100_004 },
            rmse: Some(0.8128),
            ndcg_at_10: Some(0.1067),
            interval_coverage: None,
        }
    }

    #[test]
    fn what_was_not_measured_is_no_metric() {
        let metrics = ServingMetrics::new("matinee".to_owned());
        metrics.set_live_version("1", Figures { rmse: None, ndcg_at_10: None, ..figures("some day") });
        metrics.count(&observed(AnswerSummary::default()));
        let line = at(&metrics, Instant::now()).unwrap();
        assert_eq!(names(&line), ["LatencyMs", "ModelRatings"]);
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
