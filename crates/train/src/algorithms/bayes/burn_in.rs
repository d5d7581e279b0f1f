//! The length of the burn-in. It becomes longer while a hold-out shows that later samples predict much better.
//!
//! On MovieLens, single samples predict best after about ten sweeps, and long chains are worse. Where interactions are
//! strong, samples still become better after thirty. So windows of four sweeps are compared: if the samples of the window after
//! the burn-in predict much better than those of the window before, the burn-in ends after the later window instead.

use crate::state::{StateError, StateReader, StateWriter};

/// The sweeps of a window.
pub(super) const WINDOW: usize = 4;
/// How much lower the error of a window must be than that of the window before, as a share of it.
const GAIN: f64 = 0.007;

/// The burn-in of the chains of a run.
pub(super) struct BurnIn {
    sweeps: usize,
    /// Nothing if no hold-out is watched.
    watch: Option<Watch>,
}

struct Watch {
    max: usize,
    /// The error of the samples of the last window of the burn-in, once it is known.
    before: Option<f64>,
    is_settled: bool,
}

impl BurnIn {
    /// A burn-in of this many sweeps.
    pub(super) fn of(sweeps: usize) -> Self {
        Self { sweeps, watch: None }
    }

    /// From now on the burn-in may become up to `max` sweeps long.
    pub(super) fn watch(&mut self, max: usize) {
        self.watch = Some(Watch { max, before: None, is_settled: self.sweeps + WINDOW > max });
    }

    /// The sweeps of the burn-in, as far as is known.
    pub(super) fn sweeps(&self) -> usize {
        self.sweeps
    }

    pub(super) fn is_watched(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether the sample after this sweep (from 1) is needed: for the model, or for the window before it.
    pub(super) fn needs_sample(&self, sweep: usize) -> bool {
        let window = if self.open().is_some() { WINDOW } else { 0 };
        sweep + window > self.sweeps
    }

    /// Whether a window ends with this sweep.
    pub(super) fn asks(&self, sweep: usize) -> bool {
        self.open().is_some_and(|watch| match watch.before {
            None => sweep == self.sweeps,
            Some(_) => sweep == self.sweeps + WINDOW,
        })
    }

    /// Tells the error of the window's samples. Returns whether these samples belong to the burn-in.
    pub(super) fn tell(&mut self, rmse: f64) -> bool {
        let Some(watch) = self.watch.as_mut().filter(|watch| !watch.is_settled) else { return false };
        let Some(before) = watch.before.replace(rmse) else { return true };
        let pays = rmse < before * (1.0 - GAIN);
        self.sweeps += if pays { WINDOW } else { 0 };
        watch.is_settled = !pays || self.sweeps + WINDOW > watch.max;
        pays
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        let watch = self.watch.as_ref();
        state.number(self.sweeps as u64);
        state.real(watch.and_then(|watch| watch.before).unwrap_or(f64::NAN));
        state.number(u64::from(watch.is_some_and(|watch| watch.is_settled)));
    }

    /// Reads what [`save`](Self::save) wrote. Whether a hold-out is watched is not part of it.
    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.sweeps = state.number()? as usize;
        let before = state.real()?;
        let is_settled = state.number()? == 1;
        if let Some(watch) = &mut self.watch {
            watch.before = Some(before).filter(|before| !before.is_nan());
            watch.is_settled = is_settled;
        }
        Ok(())
    }

    /// The watch, while it is not settled how long the burn-in is.
    fn open(&self) -> Option<&Watch> {
        self.watch.as_ref().filter(|watch| !watch.is_settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The burn-in that these errors of successive windows lead to, and the sweeps whose samples the model is the mean of.
    fn watched(start: usize, max: usize, errors: &[f64]) -> (usize, Vec<usize>) {
        let mut burn_in = BurnIn::of(start);
        burn_in.watch(max);
        let (mut samples, mut errors) = (Vec::new(), errors.iter());
        for sweep in 1..=40 {
            if burn_in.needs_sample(sweep) {
                samples.push(sweep);
            }
            if burn_in.asks(sweep) && burn_in.tell(*errors.next().unwrap()) {
                samples.clear();
            }
        }
        (burn_in.sweeps(), samples)
    }

    #[test]
    fn the_burn_in_ends_when_later_samples_are_hardly_better() {
        assert_eq!(watched(8, 64, &[0.9, 0.897]), (8, (9..=40).collect()));
        assert_eq!(watched(8, 64, &[0.9, 0.8, 0.7, 0.696]), (16, (17..=40).collect()));
        assert_eq!(watched(8, 64, &[0.9, 0.95]), (8, (9..=40).collect()));
    }

    #[test]
    fn it_is_at_most_as_long_as_allowed() {
        assert_eq!(watched(8, 14, &[0.9, 0.8]), (12, (13..=40).collect()));
        assert_eq!(watched(8, 8, &[]), (8, (9..=40).collect()));
        assert_eq!(watched(2, 6, &[0.9, 0.8]), (6, (7..=40).collect()));
        assert_eq!(watched(0, 64, &[0.9]), (0, (1..=40).collect()));
    }
}
