//! The progress of tuning.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::ProgressBar;
use matinee_train::tuning::{Point, TuningProgress};

use super::style;

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
            let style = style("tuning {wide_bar} {pos}/{len} fits, {elapsed}{msg}");
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
