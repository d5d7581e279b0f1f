//! A model, or its catalogue, that is loaded on first use, loaded again after a failure, and replaced while requests
//! are answered if its source can change.
//!
//! Invariant: no request waits for a replacement, and at most one load and one check run at a time.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use matinee_model::live_pointer::LivePointer;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use crate::{LoadError, LoadFuture, LoadReason, Source};

/// How long a failed load is remembered before it is tried again: long enough that a flood of requests does not become
/// a flood of loads, short enough that nobody waits for a repaired model.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A value that is loaded from its source on first use, and reloaded when the source has a newer one.
pub struct Reloadable<T>(Arc<Shared<T>>);

struct Shared<T> {
    source: Box<dyn Source<T>>,
    loaded: ArcSwapOption<T>,
    last_failure: Mutex<Option<(Instant, LoadError)>>,
    /// How often the source is checked for something newer; `None` means never.
    refresh: Option<Duration>,
    /// When the next check is due; `None` means never. It is locked while a check runs.
    next_check: Arc<Mutex<Option<Instant>>>,
}

impl<T: Send + Sync + 'static> Reloadable<T> {
    /// A value that is loaded on first use and never replaced.
    pub fn new(source: impl Source<T>) -> Self {
        Self::with_refresh(source, None)
    }

    /// A value that is loaded on first use, and replaced when its source has a newer one. The source is checked at most
    /// once in each interval, and no request waits for the check.
    pub fn refreshed(source: impl Source<T>, interval: Duration) -> Self {
        Self::with_refresh(source, Some(interval))
    }

    /// A value that is loaded already and never replaced.
    pub fn loaded(value: impl Into<Arc<T>>) -> Self {
        let reloadable = Self::new(NoSource);
        reloadable.0.loaded.store(Some(value.into()));
        reloadable
    }

    fn with_refresh(source: impl Source<T>, refresh: Option<Duration>) -> Self {
        Self(Arc::new(Shared {
            source: Box::new(source),
            loaded: ArcSwapOption::empty(),
            last_failure: Mutex::new(None),
            refresh,
            next_check: Arc::new(Mutex::new(Some(Instant::now()))),
        }))
    }

    /// The value. The first caller starts the load, and other callers wait for it. After a failure, callers get the
    /// same error for [`RETRY_AFTER`]; then the next caller starts another load.
    ///
    /// The load is a task of its own: it continues if its caller gives up, and the next caller waits for the rest of
    /// it.
    pub async fn current(&self) -> Result<Arc<T>, LoadError> {
        if let Some(loaded) = self.0.loaded.load_full() {
            self.check_if_due();
            return Ok(loaded);
        }
        let shared = Arc::clone(&self.0);
        match tokio::spawn(async move { shared.load_once().await }).await {
            Ok(answer) => answer,
            // A panic of the load becomes a panic of the request that waits for it, which is then answered and logged.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(LoadError { reason: LoadReason::Unreachable, detail: error.to_string() }),
            },
        }
    }

    /// Which models were live and which were refused, as far as the source has read it.
    pub fn history(&self) -> Option<LivePointer> {
        self.0.source.history()
    }

    /// Starts a check for something newer if one is due and none is running. Lambda freezes the check between requests,
    /// and it continues with the next one.
    fn check_if_due(&self) {
        let Some(interval) = self.0.refresh else { return };
        let Ok(next_check) = Arc::clone(&self.0.next_check).try_lock_owned() else { return };
        if next_check.is_some_and(|time| time <= Instant::now()) {
            let shared = Arc::clone(&self.0);
            tokio::spawn(async move { shared.replace_by_newer(interval, next_check).await });
        }
    }
}

impl<T: Send + Sync + 'static> Shared<T> {
    async fn load_once(&self) -> Result<Arc<T>, LoadError> {
        let mut last_failure = self.last_failure.lock().await;
        if let Some(loaded) = self.loaded.load_full() {
            return Ok(loaded);
        }
        if let Some((at, error)) = &*last_failure
            && at.elapsed() < RETRY_AFTER
        {
            return Err(error.clone());
        }
        match self.source.load().await {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                *self.next_check.lock().await = after(self.refresh.unwrap_or_default());
                self.loaded.store(Some(Arc::clone(&loaded)));
                Ok(loaded)
            }
            Err(error) => {
                tracing::error!(reason = error.reason.code(), detail = error.detail, "cannot load the model");
                *last_failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn replace_by_newer(&self, interval: Duration, mut next_check: OwnedMutexGuard<Option<Instant>>) {
        // Set before the reload as well, because the reload may panic.
        *next_check = after(interval);
        let wait = match self.source.reload().await {
            Ok(newer) => {
                if let Some(newer) = newer {
                    self.loaded.store(Some(Arc::new(newer)));
                }
                interval
            }
            Err(error) => {
                tracing::warn!(
                    reason = error.reason.code(),
                    detail = error.detail,
                    "cannot load the newer model; the loaded model stays in use"
                );
                // A source that cannot be reached may be back in a moment. Any other failure needs to be repaired.
                if error.reason == LoadReason::Unreachable { interval.min(RETRY_AFTER) } else { interval }
            }
        };
        *next_check = after(wait);
    }
}

/// This much time from now; `None` if there is no such time.
fn after(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}

/// The source of a value that was never loaded from one.
struct NoSource;

impl<T> Source<T> for NoSource {
    fn load(&self) -> LoadFuture<'_, T> {
        let detail = "there is no source to load from".to_owned();
        Box::pin(async { Err(LoadError { reason: LoadReason::NotFound, detail }) })
    }
}

#[cfg(test)]
mod tests;
