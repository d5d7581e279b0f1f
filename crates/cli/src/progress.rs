//! What a terminal shows while something takes its time: labelled bars. Elsewhere there are none, so that logs stay readable.

mod training;
mod tuning;
mod waiting;

use indicatif::ProgressStyle;

pub use training::{FitBars, TerminalProgress};
pub use tuning::TerminalTuning;
pub use waiting::Waiting;

/// The style of a bar or of a spinner.
pub fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
