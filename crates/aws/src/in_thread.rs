//! Work that takes processor time runs beside the requests.

use matinee_serving::{LoadError, LoadReason};

/// Runs `work` on another thread.
pub(crate) async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| LoadError {
        reason: LoadReason::Invalid,
        detail: format!("reading the model failed: {error}"),
    })
}
