//! A model on this machine.

use std::path::PathBuf;

use matinee_model::artifact::read_catalogue;
use matinee_model::{Catalogue, Model};

use crate::{LoadFuture, Source};

/// A model on this machine: a folder, or a `model.tar.gz`.
///
/// The files are read on the calling thread: they are read before the first request is answered, so nothing waits for
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSource(pub PathBuf);

impl Source<Model> for PathSource {
    fn load(&self) -> LoadFuture<'_, Model> {
        Box::pin(async { Ok(Model::open(&self.0)?) })
    }
}

impl Source<Catalogue> for PathSource {
    fn load(&self) -> LoadFuture<'_, Catalogue> {
        Box::pin(async { Ok(read_catalogue(&self.0)?) })
    }
}
