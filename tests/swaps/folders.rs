//! Models in folders, one of which is live.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use matinee_model::Model;
use matinee_serving::{LoadFuture, Source};

/// Folders with models, and a pointer to one of them.
pub struct Folders {
    paths: Vec<PathBuf>,
    pointed: Arc<AtomicUsize>,
    loaded: AtomicUsize,
}

impl Folders {
    /// The first one is live until `pointed` changes.
    pub fn new(paths: Vec<PathBuf>, pointed: &Arc<AtomicUsize>) -> Self {
        Self { paths, pointed: Arc::clone(pointed), loaded: AtomicUsize::new(0) }
    }
}

impl Source<Model> for Folders {
    fn load(&self) -> LoadFuture<'_, Model> {
        Box::pin(async { Ok(Model::open(&self.paths[self.loaded.load(Ordering::Relaxed)])?) })
    }

    fn reload(&self) -> LoadFuture<'_, Option<Model>> {
        let pointed = self.pointed.load(Ordering::Relaxed);
        let is_newer = self.loaded.swap(pointed, Ordering::Relaxed) != pointed;
        Box::pin(async move { if is_newer { self.load().await.map(Some) } else { Ok(None) } })
    }
}
