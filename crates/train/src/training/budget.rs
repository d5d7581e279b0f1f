//! Training within a limited time, by the most accurate algorithm that fits.
//!
//! How long an algorithm takes depends on the machine and on the data. So each is tried: it learns two epochs from a part of
//! the ratings, and the time of the second one is multiplied. The times differ from run to run, so the same budget may give
//! another algorithm. Whoever wants the same model again names the algorithm and its hyperparameters.

use std::time::{Duration, Instant};

use super::Plan;
use crate::algorithm::Runs;
use crate::algorithms::{ConfigureError, Configured, configure, configure_or_default};
use crate::ratings::{Dataset, Ratings};

/// So many ratings show how long an epoch takes.
const TRIED_RATINGS: usize = 300_000;

/// The share of the time that the estimate may take. It does not contain the calibration, nor the writing of the model.
const USED: f64 = 0.7;

/// What is tried after the default, most accurate first.
const FASTER: [(&str, &[(&str, &str)]); 5] = [
    ("bayes", &[("n_factors", "12"), ("rank", "16"), ("calibrated", "false")]),
    (
        "bayes",
        &[
            ("n_factors", "8"),
            ("n_burn_in", "6"),
            ("n_samples", "12"),
            ("n_chains", "8"),
            ("calibrated", "false"),
        ],
    ),
    ("vb", &[]),
    ("als", &[]),
    ("bias", &[]),
];

/// The most accurate algorithm that learns within `left`, or the fastest if none does; and the time that it is expected to
/// take.
pub(super) fn choose(
    left: Duration,
    dataset: &Dataset,
    plan: &Plan,
) -> Result<(Configured, Duration), ConfigureError> {
    first_that_fits(left, candidates(dataset.ratings.len()), |algorithm| estimate(algorithm, dataset, plan))
}

fn candidates(ratings: usize) -> impl Iterator<Item = Result<Configured, ConfigureError>> {
    let faster = FASTER.iter().map(|(name, given)| configure(name, given.iter().copied()));
    let all = std::iter::once(configure_or_default(None, [])).chain(faster);
    all.map(move |algorithm| Ok(algorithm?.for_ratings(ratings)))
}

/// Those after the first one that fits are not tried.
fn first_that_fits(
    left: Duration,
    candidates: impl Iterator<Item = Result<Configured, ConfigureError>>,
    time: impl Fn(&Configured) -> Duration,
) -> Result<(Configured, Duration), ConfigureError> {
    let mut fastest: Option<(Configured, Duration)> = None;
    for candidate in candidates {
        let candidate = candidate?;
        let needed = time(&candidate);
        if needed <= left.mul_f64(USED) {
            return Ok((candidate, needed));
        }
        if fastest.as_ref().is_none_or(|(_, least)| needed < *least) {
            fastest = Some((candidate, needed));
        }
    }
    fastest.map_or_else(|| Ok((configure_or_default(None, [])?, Duration::ZERO)), Ok)
}

/// The time to learn without the hold-outs, and from all ratings.
fn estimate(algorithm: &Configured, dataset: &Dataset, plan: &Plan) -> Duration {
    let step = dataset.ratings.len().div_ceil(TRIED_RATINGS).max(1) as u32;
    let tried: Ratings = dataset.ratings.iter().filter(|rating| rating.user.0.is_multiple_of(step)).collect();
    let share = dataset.ratings.len() as f64 / tried.len().max(1) as f64;
    let training = dataset.training(&tried, plan.seed);
    let all = time_of(share, || Runs::new(vec![algorithm.begin(&training)]));
    if plan.hold_out == 0.0 {
        return all;
    }
    let parts = vec![training; algorithm.hold_outs()];
    all + time_of(share * (1.0 - plan.hold_out), || algorithm.begin_without_hold_outs(&parts))
}

/// The time of all epochs, if there were `share` times as many ratings.
fn time_of<'a>(share: f64, begin: impl FnOnce() -> Runs<'a>) -> Duration {
    let start = Instant::now();
    let mut runs = begin();
    let before = start.elapsed();
    let mut epoch = Duration::ZERO;
    for _ in 0..runs.epochs().min(2) {
        let start = Instant::now();
        runs.epoch();
        epoch = start.elapsed();
    }
    let start = Instant::now();
    runs.completed();
    (before + epoch * runs.epochs() as u32).mul_f64(share) + start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The choice if each algorithm after the default takes half the time of the one before.
    fn chosen(left: u64) -> (String, u64) {
        let times = |algorithm: &Configured| {
            let all: Vec<Configured> = candidates(100_000).map(Result::unwrap).collect();
            let place = all.iter().position(|other| other.is_same(algorithm)).unwrap();
            Duration::from_secs(64 >> place)
        };
        let (algorithm, time) =
            first_that_fits(Duration::from_secs(left), candidates(100_000), times).unwrap();
        let factors = algorithm.hyperparameters().get("n_factors").map(ToString::to_string);
        (format!("{} {}", algorithm.name(), factors.unwrap_or_default()), time.as_secs())
    }

    #[test]
    fn the_most_accurate_that_fits_is_taken_or_the_fastest() {
        assert_eq!(chosen(1_000), ("bayes 24".to_owned(), 64));
        assert_eq!(chosen(80), ("bayes 12".to_owned(), 32));
        assert_eq!(chosen(12), ("vb 16".to_owned(), 8));
        assert_eq!(chosen(0), ("bias ".to_owned(), 2));
    }

    #[test]
    fn many_ratings_begin_with_their_own_default() {
        let first = candidates(50_000_000).next().unwrap().unwrap();
        assert_eq!(first.name(), "vb");
    }
}
