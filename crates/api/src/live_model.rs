//! What answers are made from, the model or its catalogue: loaded once, and tried again where loading failed.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use matinee_model::artifact::{self, ArtifactError};
use matinee_model::{Catalogue, Model};
use once_cell::sync::OnceCell;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a failed load is answered from memory before it is tried again: long enough that a flood of
/// requests is not a flood of loads, short enough that nobody waits for a repaired model.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Where a model, or its catalogue alone, comes from.
pub trait Source<T>: Send + Sync + 'static {
    /// Loads it.
    fn load(&self) -> Loading<'_, T>;
}

/// A load under way.
pub type Loading<'a, T> = Pin<Box<dyn Future<Output = Result<T, LoadError>> + Send + 'a>>;

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The kind of failure, which is told to callers.
    pub reason: LoadReason,
    /// What happened, for the log alone.
    pub detail: String,
}

/// The kinds of failure to load a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadReason {
    /// There is no model at the configured place.
    NotFound,
    /// The place must not be read.
    AccessDenied,
    /// The place cannot be reached.
    Unreachable,
    /// What is there is not a valid model.
    Invalid,
}

impl LoadReason {
    /// The stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AccessDenied => "access_denied",
            Self::Unreachable => "unreachable",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.code(), self.detail)
    }
}

impl From<ArtifactError> for LoadError {
    fn from(error: ArtifactError) -> Self {
        let reason = match &error {
            ArtifactError::Missing { .. } => LoadReason::NotFound,
            ArtifactError::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => LoadReason::NotFound,
                std::io::ErrorKind::PermissionDenied => LoadReason::AccessDenied,
                _ => LoadReason::Unreachable,
            },
            _ => LoadReason::Invalid,
        };
        Self { reason, detail: error.to_string() }
    }
}

/// A model on this machine: a folder, or a `model.tar.gz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSource(pub PathBuf);

/// The files are read in place: nothing else runs yet that reading them could hold up.
impl Source<Model> for PathSource {
    fn load(&self) -> Loading<'_, Model> {
        Box::pin(async { Ok(Model::open(&self.0)?) })
    }
}

impl Source<Catalogue> for PathSource {
    fn load(&self) -> Loading<'_, Catalogue> {
        Box::pin(async { Ok(artifact::read_catalogue(&self.0)?) })
    }
}

/// What requests are answered from, once it is loaded.
pub struct Live<T> {
    source: Box<dyn Source<T>>,
    loaded: OnceCell<Arc<T>>,
    last_failure: Mutex<Option<(Instant, LoadError)>>,
}

/// The model that answers requests.
pub type LiveModel = Live<Model>;

impl LiveModel {
    /// A model that is there already.
    pub fn loaded(model: impl Into<Arc<Model>>) -> Self {
        let live = Self::new(PathSource(PathBuf::new()));
        let _ = live.loaded.set(model.into());
        live
    }
}

impl<T: Send + Sync + 'static> Live<T> {
    /// What is loaded when it is first asked for.
    pub fn new(source: impl Source<T>) -> Self {
        Self { source: Box::new(source), loaded: OnceCell::new(), last_failure: Mutex::new(None) }
    }

    /// What is loaded. It is loaded by the first request that comes when it is not; others wait for that. After
    /// a failure the next request that comes [`RETRY_AFTER`] later tries again.
    pub async fn current(&self) -> Result<Arc<T>, LoadError> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(Arc::clone(loaded));
        }
        let mut last_failure = self.last_failure.lock().await;
        if let Some(loaded) = self.loaded.get() {
            return Ok(Arc::clone(loaded));
        }
        if let Some((at, error)) = &*last_failure
            && at.elapsed() < RETRY_AFTER
        {
            return Err(error.clone());
        }
        match self.source.load().await {
            Ok(loaded) => Ok(Arc::clone(self.loaded.get_or_init(|| Arc::new(loaded)))),
            Err(error) => {
                tracing::error!(reason = error.reason.code(), detail = error.detail, "cannot load the model");
                *last_failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Failing(Arc<AtomicUsize>);

    impl Source<Model> for Failing {
        fn load(&self) -> Loading<'_, Model> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                Err(LoadError { reason: LoadReason::Unreachable, detail: "no route".to_owned() })
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_load_is_tried_again_but_not_at_once() {
        let loads = Arc::new(AtomicUsize::new(0));
        let live = LiveModel::new(Failing(Arc::clone(&loads)));
        for _ in 0..3 {
            assert_eq!(live.current().await.unwrap_err().reason, LoadReason::Unreachable);
        }
        assert_eq!(loads.load(Ordering::Relaxed), 1);
        tokio::time::advance(RETRY_AFTER).await;
        assert!(live.current().await.is_err());
        assert_eq!(loads.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn reasons_tell_missing_from_broken() {
        let missing = ArtifactError::Missing { path: "x".into(), file: "manifest.json" };
        assert_eq!(LoadError::from(missing).reason, LoadReason::NotFound);
        assert_eq!(LoadError::from(ArtifactError::Archive(String::new())).reason, LoadReason::Invalid);
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let denied = ArtifactError::Io { path: "x".into(), source: denied };
        assert_eq!(LoadError::from(denied).reason, LoadReason::AccessDenied);
    }
}
