//! The progress of training and of evaluations.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar};
use matinee_train::progress::Progress;

use super::style;
use super::waiting::spinner;

/// Shows the progress of training on standard error: a bar for each stage if that is a terminal, lines otherwise.
pub struct TerminalProgress {
    stage: Mutex<Option<Stage>>,
    is_terminal: bool,
}

/// A stage on a terminal.
struct Stage {
    purpose: String,
    began: Instant,
    bar: ProgressBar,
}

impl TerminalProgress {
    /// No stage has begun.
    pub fn new() -> Self {
        Self { stage: Mutex::new(None), is_terminal: std::io::stderr().is_terminal() }
    }

    fn current(&self) -> MutexGuard<'_, Option<Stage>> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for TerminalProgress {
    fn stage(&self, purpose: &str) {
        if !self.is_terminal {
            return eprintln!("{purpose}");
        }
        let mut current = self.current();
        current.take();
        *current = Some(Stage {
            purpose: purpose.to_owned(),
            began: Instant::now(),
            bar: spinner(purpose.to_owned()),
        });
    }

    fn begin(&self, epochs: usize) {
        if let Some(stage) = &*self.current() {
            count(&stage.bar, epochs);
        }
    }

    fn epoch(&self, epoch: usize, train_rmse: f64) {
        match &*self.current() {
            Some(stage) => advance(&stage.bar, epoch),
            None => eprintln!("epoch {epoch}: training RMSE {train_rmse:.4}"),
        }
    }

    fn begin_steps(&self, steps: usize) {
        self.begin(steps);
    }

    fn step(&self, step: usize) {
        match &*self.current() {
            Some(stage) => advance(&stage.bar, step),
            None => eprintln!("step {step}"),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        eprintln!("{}: {}", self.purpose, HumanDuration(self.began.elapsed()));
    }
}

/// A bar for each fit of an evaluation, if standard error is a terminal. It tells what is fitted.
pub struct FitBars {
    bar: ProgressBar,
    label: String,
}

impl FitBars {
    /// Bars with this label.
    pub fn of(label: impl Into<String>) -> Self {
        let label = label.into();
        let is_terminal = std::io::stderr().is_terminal();
        let bar = if is_terminal { spinner(label.clone()) } else { ProgressBar::hidden() };
        Self { bar, label }
    }
}

impl Progress for FitBars {
    fn stage(&self, purpose: &str) {
        self.bar.set_message(format!("{}: {purpose}", self.label));
    }

    fn begin(&self, epochs: usize) {
        count(&self.bar, epochs);
    }

    fn epoch(&self, epoch: usize, _: f64) {
        self.step(epoch);
    }

    fn begin_steps(&self, steps: usize) {
        self.begin(steps);
    }

    fn step(&self, step: usize) {
        advance(&self.bar, step);
    }
}

impl Drop for FitBars {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Counts steps from now on.
fn count(bar: &ProgressBar, steps: usize) {
    bar.set_style(style("{spinner} {msg} {wide_bar} {pos}/{len}, {eta} left"));
    bar.set_length(steps as u64);
    bar.set_position(0);
    bar.reset_eta();
}

/// After the last step there may be work that is not counted.
fn advance(bar: &ProgressBar, step: usize) {
    bar.set_position(step as u64);
    if bar.length() == Some(step as u64) {
        bar.set_style(style("{spinner} {msg}, {elapsed}"));
    }
}
