//! Which pass something belongs to.

use crate::state::{StateError, StateReader, StateWriter};

/// A pass over all blocks. Each model is learned in passes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    /// The number of passes before it.
    pub(super) number: u64,
    /// Whether it is for the model that is measured, and not for the one that is served.
    pub(super) is_measured: bool,
}

impl Pass {
    pub(super) fn save(self, state: &mut StateWriter<'_>) {
        state.number(self.number);
        state.number(u64::from(self.is_measured));
    }

    pub(super) fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Self { number: state.number()?, is_measured: state.number()? == 1 })
    }
}
