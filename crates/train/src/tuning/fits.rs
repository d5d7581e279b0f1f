//! Runs the fits of a round on all threads.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::TuningProgress;
use crate::algorithms::Configured;
use crate::checkpoint::{CheckpointError, Halt, Slot};
use crate::evaluation::{Errors, measure};
use crate::ratings::{Dataset, Divided, Ratings};
use crate::state::{StateError, StateReader, StateWriter};

/// One fold: the ratings to learn from, and the ratings to test on.
pub(super) struct FoldData {
    fold: u32,
    train: Ratings,
    test: Ratings,
}

/// One run on one fold, measured for each of its points.
pub(super) struct Fit<'a> {
    pub(super) group: usize,
    pub(super) configured: &'a Configured,
    /// The epochs and index of the points, by ascending epochs. `None` is the end of the run.
    pub(super) points: Vec<(Option<usize>, usize)>,
    pub(super) data: &'a FoldData,
}

/// The finished fits: the errors of each point, by group and fold.
#[derive(Default)]
pub(super) struct Saved(BTreeMap<(usize, u32), Vec<Errors>>);

/// Runs the fits that are not saved yet, and saves them.
pub(super) fn run(
    dataset: &Dataset,
    fits: &[Fit<'_>],
    seed: u64,
    saved: &mut Saved,
    slot: Option<&mut Slot<'_>>,
    progress: &mut dyn TuningProgress,
) -> Result<(), Halt> {
    let mut todo: Vec<&Fit<'_>> = fits.iter().filter(|fit| saved.of(fit).is_none()).collect();
    // The longest first, so that no thread starts a long fit when the others are finished.
    todo.sort_by_key(|fit| Reverse(fit.cost()));
    let Some(slot) = slot else {
        in_parallel(dataset, &todo, seed, &|| false, |fit, errors| done(saved, fit, errors, fits, progress));
        return Ok(());
    };
    let interrupted = slot.interrupted();
    let failed = AtomicBool::new(false);
    let is_over = || interrupted.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed);
    let mut halted = Ok(());
    in_parallel(dataset, &todo, seed, &is_over, |fit, errors| {
        done(saved, fit, errors, fits, progress);
        // Fits that end while others are being stopped are saved too.
        if !matches!(halted, Err(Halt::Checkpoint(_))) {
            halted = slot.pass(|state| saved.save(state));
            failed.store(halted.is_err(), Ordering::Relaxed);
        }
    });
    halted.and_then(|()| slot.pass(|state| saved.save(state)))
}

fn done(
    saved: &mut Saved,
    fit: &Fit<'_>,
    errors: Vec<Errors>,
    fits: &[Fit<'_>],
    progress: &mut dyn TuningProgress,
) {
    let rmse = errors.iter().map(|errors| errors.rmse).fold(f64::INFINITY, f64::min);
    saved.0.insert(fit.key(), errors);
    progress.fitted(fits.iter().filter(|fit| saved.of(fit).is_some()).count(), fits.len(), rmse);
}

/// Runs the fits and passes on each result as it arrives. Each fit uses one thread, as long as there are at least as many
/// fits as threads.
fn in_parallel(
    dataset: &Dataset,
    fits: &[&Fit<'_>],
    seed: u64,
    is_over: &(dyn Fn() -> bool + Sync),
    mut done: impl FnMut(&Fit<'_>, Vec<Errors>),
) {
    let threads = rayon::current_num_threads();
    let workers = fits.len().clamp(1, threads);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let work = || {
                    while let Some(fit) = fits.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let Some(errors) = fit.run(dataset, seed, is_over) else { break };
                        let _ = sender.send((*fit, errors));
                    }
                };
                // A pool per fit: in a shared pool, a thread that waits for a part of its fit would start
                // another fit.
                match rayon::ThreadPoolBuilder::new().num_threads(threads / workers).build() {
                    Ok(pool) => pool.install(work),
                    Err(_) => work(),
                }
            });
        }
        drop(sender);
        for (fit, errors) in receiver {
            done(fit, errors);
        }
    });
}

impl FoldData {
    pub(super) fn new(dataset: &Dataset, assignment: &[u32], fold: u32) -> Self {
        let Divided { train, test, .. } = dataset.divide(|index| assignment[index] == fold);
        Self { fold, train, test }
    }
}

impl Fit<'_> {
    /// The errors of each point. `None` if the fit was interrupted.
    fn run(&self, dataset: &Dataset, seed: u64, is_over: &dyn Fn() -> bool) -> Option<Vec<Errors>> {
        let FoldData { train, test, .. } = self.data;
        let training = dataset.training(train, seed);
        if is_over() {
            return None;
        }
        let configured = self.configured.for_ratings(dataset.ratings.len());
        let mut run = configured.begin(&training);
        let mut errors = Vec::with_capacity(self.points.len());
        let (mut epoch, mut has_diverged) = (0, false);
        for &(at, _) in &self.points {
            while epoch < at.unwrap_or_else(|| run.epochs()) && !has_diverged {
                if is_over() {
                    return None;
                }
                has_diverged = !run.epoch().is_finite();
                epoch += 1;
            }
            errors.push(if has_diverged {
                Errors { rmse: f64::INFINITY, mae: f64::INFINITY }
            } else {
                measure(run.fitted().factors.view(), test, dataset.scale)
            });
        }
        Some(errors)
    }

    fn key(&self) -> (usize, u32) {
        (self.group, self.data.fold)
    }

    /// An estimate of the time that the fit takes, in arbitrary units.
    fn cost(&self) -> u64 {
        let hyperparameters = self.configured.hyperparameters();
        let factors = hyperparameters.get("n_factors").and_then(serde_json::Value::as_u64).unwrap_or(1);
        let epochs = self.points.iter().filter_map(|&(epochs, _)| epochs).max().unwrap_or(1);
        factors * epochs as u64
    }
}

impl Saved {
    /// The fits that were saved before the interruption.
    pub(super) fn load(slot: Option<&Slot<'_>>) -> Result<Self, CheckpointError> {
        let Some(slot) = slot else { return Ok(Self::default()) };
        let Some(state) = slot.load()? else { return Ok(Self::default()) };
        Self::restore(state).map_err(|error| slot.unreadable(error))
    }

    /// The errors of each point of a fit, if it is finished.
    pub(super) fn of(&self, fit: &Fit<'_>) -> Option<&[Errors]> {
        self.0.get(&fit.key()).map(Vec::as_slice).filter(|errors| errors.len() == fit.points.len())
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        for (&(group, fold), errors) in &self.0 {
            for number in [group as u64, u64::from(fold), errors.len() as u64] {
                state.number(number);
            }
            for Errors { rmse, mae } in errors {
                state.real(*rmse);
                state.real(*mae);
            }
        }
    }

    fn restore(mut state: StateReader<'_>) -> Result<Self, StateError> {
        let mut saved = Self::default();
        while !state.is_empty() {
            let (group, fold, count) = (state.number()?, state.number()?, state.number()?);
            let errors = (0..count).map(|_| Ok(Errors { rmse: state.real()?, mae: state.real()? }));
            saved.0.insert((group as usize, fold as u32), errors.collect::<Result<_, StateError>>()?);
        }
        Ok(saved)
    }
}
