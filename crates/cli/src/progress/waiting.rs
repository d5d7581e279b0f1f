//! Work that does not tell how far it is.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::ProgressBar;

use super::style;

/// How long work may take without a word.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells a terminal what it waits for, once that takes longer than two seconds, until this is dropped.
pub struct Waiting(Option<(Sender<()>, JoinHandle<()>)>);

impl Waiting {
    /// Work with this label begins.
    pub fn with(label: impl Into<String>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let label = label.into();
        let (over, is_over) = channel::<()>();
        let thread = std::thread::spawn(move || {
            if is_over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let spinner = spinner(label);
                // The sender never sends; it is dropped when the work is over.
                let _ = is_over.recv();
                spinner.finish_and_clear();
            }
        });
        Self(Some((over, thread)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((over, thread)) = self.0.take() {
            drop(over);
            let _ = thread.join();
        }
    }
}

/// A spinner that turns by itself.
pub fn spinner(label: String) -> ProgressBar {
    let spinner =
        ProgressBar::new_spinner().with_style(style("{spinner} {msg}, {elapsed}")).with_message(label);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
