//! What answers are made from, the model or its catalogue: loaded once, tried again where loading failed, and
//! replaced while it answers where its source can change.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use matinee_model::artifact::{self, ArtifactError};
use matinee_model::{Catalogue, Model};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a failed load is answered from memory before it is tried again: long enough that a flood of
/// requests is not a flood of loads, short enough that nobody waits for a repaired model.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Where a model, or its catalogue alone, comes from.
pub trait Source<T>: Send + Sync + 'static {
    /// Loads it.
    fn load(&self) -> Loading<'_, T>;

    /// Loads what has come in the place of what was loaded last; `None` while nothing has.
    fn reload(&self) -> Loading<'_, Option<T>> {
        Box::pin(async { Ok(None) })
    }
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
    /// It is larger than the memory.
    InsufficientMemory,
}

impl LoadReason {
    /// The stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AccessDenied => "access_denied",
            Self::Unreachable => "unreachable",
            Self::Invalid => "invalid",
            Self::InsufficientMemory => "insufficient_memory",
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
            ArtifactError::Missing { .. } | ArtifactError::Elsewhere { .. } => LoadReason::NotFound,
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
pub struct Live<T>(Arc<Shared<T>>);

/// The model that answers requests.
pub type LiveModel = Live<Model>;

struct Shared<T> {
    source: Box<dyn Source<T>>,
    loaded: ArcSwapOption<T>,
    last_failure: Mutex<Option<(Instant, LoadError)>>,
    /// How often the source is asked for something newer; `None` is never.
    refresh: Option<Duration>,
    /// `None` is never.
    next_check: std::sync::Mutex<Option<Instant>>,
    is_checking: AtomicBool,
}

impl LiveModel {
    /// A model that is there already.
    pub fn loaded(model: impl Into<Arc<Model>>) -> Self {
        let live = Self::new(PathSource(PathBuf::new()));
        live.0.loaded.store(Some(model.into()));
        live
    }
}

impl<T: Send + Sync + 'static> Live<T> {
    /// What is loaded when it is first asked for, and stays.
    pub fn new(source: impl Source<T>) -> Self {
        Self::shared(source, None)
    }

    /// What is loaded when it is first asked for, and replaced by what its source has instead: that is asked
    /// at most once in `every`, and no request waits for it.
    pub fn refreshed(source: impl Source<T>, every: Duration) -> Self {
        Self::shared(source, Some(every))
    }

    fn shared(source: impl Source<T>, refresh: Option<Duration>) -> Self {
        Self(Arc::new(Shared {
            source: Box::new(source),
            loaded: ArcSwapOption::empty(),
            last_failure: Mutex::new(None),
            refresh,
            next_check: std::sync::Mutex::new(Some(Instant::now())),
            is_checking: AtomicBool::new(false),
        }))
    }

    /// What is loaded. The first request that finds nothing loaded begins the load, and others wait for it. After
    /// a failure the next request that comes [`RETRY_AFTER`] later tries again.
    ///
    /// The load is a task of its own. It goes on if whoever began it gives up, and the next caller waits for it.
    pub async fn current(&self) -> Result<Arc<T>, LoadError> {
        if let Some(loaded) = self.0.loaded.load_full() {
            self.check_for_newer();
            return Ok(loaded);
        }
        let shared = Arc::clone(&self.0);
        match tokio::spawn(async move { shared.load_once().await }).await {
            Ok(answer) => answer,
            // A load that panics is a panic of the request that waits for it, which is answered and logged as one.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(LoadError { reason: LoadReason::Unreachable, detail: error.to_string() }),
            },
        }
    }

    /// Looks for something newer beside the requests, if it is time to. In Lambda this work is frozen between
    /// requests and goes on with the next one.
    fn check_for_newer(&self) {
        if self.0.takes_its_turn() {
            let shared = Arc::clone(&self.0);
            tokio::spawn(async move { shared.replace_by_newer().await });
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
                self.loaded.store(Some(Arc::clone(&loaded)));
                self.next_check_in(self.refresh.unwrap_or_default());
                Ok(loaded)
            }
            Err(error) => {
                tracing::error!(reason = error.reason.code(), detail = error.detail, "cannot load the model");
                *last_failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Whether it is time for a check, and nobody else makes it.
    fn takes_its_turn(&self) -> bool {
        self.refresh.is_some()
            && lock(&self.next_check).is_some_and(|time| time <= Instant::now())
            && !self.is_checking.swap(true, Ordering::AcqRel)
    }

    async fn replace_by_newer(&self) {
        let _checking = Checking(&self.is_checking);
        let refresh = self.refresh.unwrap_or_default();
        // Said before it is done, for it may panic.
        self.next_check_in(refresh);
        match self.source.reload().await {
            Ok(newer) => {
                if let Some(newer) = newer {
                    self.loaded.store(Some(Arc::new(newer)));
                }
                self.next_check_in(refresh);
            }
            Err(error) => {
                tracing::warn!(
                    reason = error.reason.code(),
                    detail = error.detail,
                    "cannot load the newer model; the loaded one goes on answering"
                );
                // What cannot be reached may be back in a moment; the rest waits for somebody to mend it.
                let is_brief = error.reason == LoadReason::Unreachable;
                self.next_check_in(if is_brief { refresh.min(RETRY_AFTER) } else { refresh });
            }
        }
    }

    fn next_check_in(&self, time: Duration) {
        *lock(&self.next_check) = Instant::now().checked_add(time);
    }
}

/// A check under way. The next one may begin when it ends, by a panic too.
struct Checking<'a>(&'a AtomicBool);

impl Drop for Checking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

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

    /// Takes a minute to load.
    struct Slow(Arc<AtomicUsize>);

    impl Source<u32> for Slow {
        fn load(&self) -> Loading<'_, u32> {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                tokio::time::sleep(Duration::from_mins(1)).await;
                Ok(count as u32)
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_goes_on_when_whoever_began_it_gives_up() {
        let loads = Arc::new(AtomicUsize::new(0));
        let live = Live::new(Slow(Arc::clone(&loads)));
        let begin = Instant::now();
        for _ in 0..2 {
            assert!(tokio::time::timeout(Duration::from_secs(20), live.current()).await.is_err());
        }
        assert_eq!(*live.current().await.unwrap(), 0);
        assert_eq!(begin.elapsed(), Duration::from_mins(1), "the time before was not lost");
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_answered_when_another_caller_gives_up() {
        let live = Live::new(Slow(Arc::default()));
        let impatient = tokio::time::timeout(Duration::from_secs(1), live.current());
        let (gave_up, waited) = tokio::join!(impatient, live.current());
        assert!(gave_up.is_err());
        assert_eq!(*waited.unwrap(), 0);
    }

    /// Panics when it is loaded for the first time.
    struct PanickingOnce(AtomicUsize);

    impl Source<u32> for PanickingOnce {
        fn load(&self) -> Loading<'_, u32> {
            Box::pin(async {
                assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "row 4 of 3");
                Ok(1)
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_that_panics_is_a_panic_of_the_request_and_is_made_again() {
        let live = Arc::new(Live::new(PanickingOnce(AtomicUsize::new(0))));
        let request = {
            let live = Arc::clone(&live);
            tokio::spawn(async move { live.current().await })
        };
        assert!(request.await.unwrap_err().is_panic());
        assert_eq!(*live.current().await.unwrap(), 1);
    }

    /// Loads 1; then has what the test says, once.
    #[derive(Clone, Default)]
    struct Numbers(Arc<std::sync::Mutex<Vec<Newer>>>);

    type Newer = Result<Option<u32>, LoadReason>;

    impl Source<u32> for Numbers {
        fn load(&self) -> Loading<'_, u32> {
            Box::pin(async { Ok(1) })
        }

        fn reload(&self) -> Loading<'_, Option<u32>> {
            let next = lock(&self.0).pop().unwrap();
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                next.map_err(|reason| LoadError { reason, detail: String::new() })
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_newer_one_is_loaded_beside_the_requests() {
        let numbers = Numbers::default();
        let minute = Duration::from_mins(1);
        let live = Live::refreshed(numbers.clone(), minute);
        let current = async || *live.current().await.unwrap();
        assert_eq!(current().await, 1);
        let expected = [
            (minute, Ok(None), 1),
            (minute, Err(LoadReason::Unreachable), 1),
            (RETRY_AFTER, Err(LoadReason::Invalid), 1),
            (minute, Ok(Some(2)), 2),
        ];
        for (after, newer, then) in expected {
            let before = current().await;
            lock(&numbers.0).push(newer);
            tokio::time::sleep(after.saturating_sub(Duration::from_millis(1))).await;
            current().await;
            tokio::task::yield_now().await;
            assert_eq!(lock(&numbers.0).len(), 1, "it is not yet time");
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(current().await, before, "no request waits for what is newer");
            tokio::time::sleep(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
            assert_eq!(current().await, then, "{newer:?}");
            assert_eq!(lock(&numbers.0).len(), 0);
        }
    }

    /// Panics when it is asked for something newer for the first time.
    struct Panicking(AtomicUsize);

    impl Source<u32> for Panicking {
        fn load(&self) -> Loading<'_, u32> {
            Box::pin(async { Ok(1) })
        }

        fn reload(&self) -> Loading<'_, Option<u32>> {
            Box::pin(async {
                assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "row 4 of 3");
                Ok(Some(2))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reload_that_panics_is_made_again() {
        let minute = Duration::from_mins(1);
        let live = Live::refreshed(Panicking(AtomicUsize::new(0)), minute);
        for (after, then) in
            [(Duration::ZERO, 1), (minute, 1), (Duration::ZERO, 1), (minute, 1), (Duration::ZERO, 2)]
        {
            tokio::time::sleep(after).await;
            assert_eq!(*live.current().await.unwrap(), then);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_without_end_is_never_over() {
        let live = Live::refreshed(Numbers::default(), Duration::MAX);
        for _ in 0..2 {
            assert_eq!(*live.current().await.unwrap(), 1);
            tokio::time::advance(Duration::from_hours(24 * 365)).await;
        }
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
