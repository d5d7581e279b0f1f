//! The ratings of a block as the passes read them.

use super::PartError;
use super::message::Message;
use crate::algorithms::vb::Layout;
use crate::state::{StateReader, StateWriter};

/// The ratings of a block from which a model learns. A rating takes about two bytes instead of 28, and no pass has to choose and
/// sort them again.
pub struct Arranged {
    /// Whether the model is the one that is measured.
    pub(super) is_measured: bool,
    pub(super) layout: Layout,
}

impl Message for Arranged {
    const KIND: &'static str = "arranged block";

    fn save(&self, state: &mut StateWriter<'_>) {
        state.number(u64::from(self.is_measured));
        self.layout.save(state);
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        Ok(Self { is_measured: state.number()? == 1, layout: Layout::restore(state)? })
    }
}
