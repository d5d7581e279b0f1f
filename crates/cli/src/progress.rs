//! Training told on a terminal by a bar, elsewhere by plain lines.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use matinee_train::progress::Progress;

/// Tells a training run on standard error.
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
