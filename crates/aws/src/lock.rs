//! A mutex stays usable after a thread that held it panicked.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. Use it only where what the mutex guards is complete after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
