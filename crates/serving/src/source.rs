//! Where a model comes from.

use std::future::Future;
use std::pin::Pin;

use matinee_model::live_pointer::LivePointer;

use crate::LoadError;

/// Where a model, or its catalogue alone, comes from.
pub trait Source<T>: Send + Sync + 'static {
    /// Loads it.
    fn load(&self) -> LoadFuture<'_, T>;

    /// Loads what has replaced the value that was loaded last; `None` if nothing has.
    fn reload(&self) -> LoadFuture<'_, Option<T>> {
        Box::pin(async { Ok(None) })
    }

    /// Which models were live and which were refused, as far as it was read; `None` if the source has no pointer.
    fn history(&self) -> Option<LivePointer> {
        None
    }
}

/// A load in progress.
pub type LoadFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, LoadError>> + Send + 'a>>;
