//! The buffers of the groups of chains that sweep at this moment.

use std::sync::{Mutex, PoisonError};

use super::sweep::Workspace;

/// Buffers that are lent to one group after the other. So there are at most as many as threads.
#[derive(Default)]
pub(super) struct Workspaces(Mutex<Vec<Workspace>>);

impl Workspaces {
    /// Lends buffers, with anything in them.
    pub(super) fn lend<T>(&self, borrower: impl FnOnce(&mut Workspace) -> T) -> T {
        let mut work = self.free().pop().unwrap_or_default();
        let result = borrower(&mut work);
        self.free().push(work);
        result
    }

    /// Returns their memory.
    pub(super) fn clear(&self) {
        self.free().clear();
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
