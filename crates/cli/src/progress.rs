//! The progress of training and tuning: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use matinee_train::progress::Progress;
use matinee_train::tuning::{Point, TuningProgress};

/// Shows the progress of training on standard error.
pub struct TerminalProgress {
    bar: Mutex<ProgressBar>,
    is_terminal: bool,
}

impl TerminalProgress {
    /// A bar if standard error is a terminal, lines otherwise.
    pub fn new() -> Self {
        Self { bar: Mutex::new(ProgressBar::hidden()), is_terminal: std::io::stderr().is_terminal() }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for TerminalProgress {
    fn stage(&self, purpose: &str) {
        eprintln!("{purpose}");
    }

    fn begin(&self, epochs: usize) {
        if self.is_terminal {
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            *self.bar() = ProgressBar::new(epochs as u64).with_style(style);
        }
    }

    fn epoch(&self, epoch: usize, train_rmse: f64) {
        if !self.is_terminal {
            return eprintln!("epoch {epoch}: training RMSE {train_rmse:.4}");
        }
        let bar = self.bar();
        bar.set_position(epoch as u64);
        if bar.length() == Some(epoch as u64) {
            bar.finish_and_clear();
        }
    }
}

/// Shows the progress of tuning on standard error.
pub struct TerminalTuning {
    bar: ProgressBar,
    is_terminal: bool,
}

impl TerminalTuning {
    /// A bar if standard error is a terminal, lines otherwise.
    pub fn new() -> Self {
        Self { bar: ProgressBar::hidden(), is_terminal: std::io::stderr().is_terminal() }
    }
}

impl TuningProgress for TerminalTuning {
    fn begin(&mut self, fits: usize) {
        if self.is_terminal {
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} fits, {elapsed}{msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::new(fits as u64).with_style(style);
            // Shows and moves the bar before the first fit ends.
            self.bar.enable_steady_tick(Duration::from_secs(1));
        }
    }

    fn fitted(&mut self, done: usize, of: usize, rmse: f64) {
        if !self.is_terminal {
            return eprintln!("fit {done} of {of}: RMSE {rmse:.4}");
        }
        self.bar.set_position(done as u64);
        self.bar.set_message(format!(", the last with RMSE {rmse:.4}"));
        if done == of {
            self.bar.finish_and_clear();
        }
    }

    fn round(&mut self, folds: u32, left: usize, dropped: usize, leader: &Point, mean_rmse: f64) {
        let folds = if folds == 1 { "1 fold".to_owned() } else { format!("{folds} folds") };
        eprintln!(
            "{left} points evaluated on {folds}, {dropped} dropped; the best is {leader} with RMSE {mean_rmse:.4}"
        );
    }
}
