use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Always fails to load.
struct Failing(Arc<AtomicUsize>);

impl Source<u32> for Failing {
    fn load(&self) -> LoadFuture<'_, u32> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(LoadError { reason: LoadReason::Unreachable, detail: "no route".to_owned() }) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_is_tried_again_but_not_at_once() {
    let loads = Arc::new(AtomicUsize::new(0));
    let value = Reloadable::new(Failing(Arc::clone(&loads)));
    for _ in 0..3 {
        assert_eq!(value.current().await.unwrap_err().reason, LoadReason::Unreachable);
    }
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    tokio::time::advance(RETRY_AFTER).await;
    assert_eq!(value.current().await.unwrap_err().reason, LoadReason::Unreachable);
    assert_eq!(loads.load(Ordering::Relaxed), 2);
}

/// Takes a minute to load.
struct Slow(Arc<AtomicUsize>);

impl Source<u32> for Slow {
    fn load(&self) -> LoadFuture<'_, u32> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(count as u32)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_continues_when_its_caller_gives_up() {
    let loads = Arc::new(AtomicUsize::new(0));
    let value = Reloadable::new(Slow(Arc::clone(&loads)));
    let begin = Instant::now();
    for _ in 0..2 {
        assert!(tokio::time::timeout(Duration::from_secs(20), value.current()).await.is_err());
    }
    assert_eq!(*value.current().await.unwrap(), 0);
    assert_eq!(begin.elapsed(), Duration::from_mins(1), "the load did not start over");
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_caller_gets_the_value_when_another_gives_up() {
    let value = Reloadable::new(Slow(Arc::default()));
    let impatient = tokio::time::timeout(Duration::from_secs(1), value.current());
    let (gave_up, waited) = tokio::join!(impatient, value.current());
    assert!(gave_up.is_err());
    assert_eq!(*waited.unwrap(), 0);
}

/// Panics on the first load.
struct PanicsOnLoad(AtomicUsize);

impl Source<u32> for PanicsOnLoad {
    fn load(&self) -> LoadFuture<'_, u32> {
        Box::pin(async {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "row 4 of 3");
            Ok(1)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_load_is_a_panic_of_the_request_and_the_next_request_loads_again() {
    let value = Arc::new(Reloadable::new(PanicsOnLoad(AtomicUsize::new(0))));
    let request = {
        let value = Arc::clone(&value);
        tokio::spawn(async move { value.current().await })
    };
    assert!(request.await.unwrap_err().is_panic());
    assert_eq!(*value.current().await.unwrap(), 1);
}

/// Loads 1. Each reload then gives the next of the prepared results.
#[derive(Clone, Default)]
struct Prepared(Arc<Mutex<Vec<Reload>>>);

type Reload = Result<Option<u32>, LoadReason>;

impl Source<u32> for Prepared {
    fn load(&self) -> LoadFuture<'_, u32> {
        Box::pin(async { Ok(1) })
    }

    fn reload(&self) -> LoadFuture<'_, Option<u32>> {
        let next = self.0.lock().unwrap().pop().unwrap();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            next.map_err(|reason| LoadError { reason, detail: String::new() })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_value_is_loaded_while_requests_are_answered() {
    let reloads = Prepared::default();
    let minute = Duration::from_mins(1);
    let value = Reloadable::refreshed(reloads.clone(), minute);
    let current = async || *value.current().await.unwrap();
    let pending = || reloads.0.lock().unwrap().len();
    assert_eq!(current().await, 1);
    let expected = [
        (minute, Ok(None), 1),
        (minute, Err(LoadReason::Unreachable), 1),
        (RETRY_AFTER, Err(LoadReason::Invalid), 1),
        (minute, Ok(Some(2)), 2),
    ];
    for (wait, reload, then) in expected {
        let before = current().await;
        reloads.0.lock().unwrap().push(reload);
        tokio::time::sleep(wait.saturating_sub(Duration::from_millis(1))).await;
        current().await;
        tokio::task::yield_now().await;
        assert_eq!(pending(), 1, "no check is due yet");
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(current().await, before, "no request waits for a reload");
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
        assert_eq!(current().await, then, "{reload:?}");
        assert_eq!(pending(), 0);
    }
}

/// Panics on the first reload.
struct PanicsOnReload(AtomicUsize);

impl Source<u32> for PanicsOnReload {
    fn load(&self) -> LoadFuture<'_, u32> {
        Box::pin(async { Ok(1) })
    }

    fn reload(&self) -> LoadFuture<'_, Option<u32>> {
        Box::pin(async {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "row 4 of 3");
            Ok(Some(2))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_panics_is_tried_again() {
    let minute = Duration::from_mins(1);
    let value = Reloadable::refreshed(PanicsOnReload(AtomicUsize::new(0)), minute);
    for (wait, then) in
        [(Duration::ZERO, 1), (minute, 1), (Duration::ZERO, 1), (minute, 1), (Duration::ZERO, 2)]
    {
        tokio::time::sleep(wait).await;
        assert_eq!(*value.current().await.unwrap(), then);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_interval_without_end_never_passes() {
    let value = Reloadable::refreshed(Prepared::default(), Duration::MAX);
    for _ in 0..2 {
        assert_eq!(*value.current().await.unwrap(), 1);
        tokio::time::advance(Duration::from_hours(24 * 365)).await;
    }
}

#[tokio::test]
async fn a_value_that_is_given_needs_no_source() {
    assert_eq!(*Reloadable::loaded(7).current().await.unwrap(), 7);
}
