//! Threads that work side by side on one artifact.

use std::panic::resume_unwind;
use std::thread::ScopedJoinHandle;

/// The result of a thread. If the thread panicked, so does the caller.
pub(crate) fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
