//! What blocks compute in a pass.

use super::PartError;
use super::arranged::Arranged;
use super::message::Message;
use super::pass::Pass;
use super::sums::{Added, Messages, Sums};
use crate::algorithms::vb::{self, Layout};
use crate::state::{StateReader, StateWriter};

/// What the arranged blocks compute in the next pass. It follows from the state, and is smaller.
pub struct Assignment {
    pub(super) pass: Pass,
    pub(super) movie_count: usize,
    pub(super) work: vb::Assignment,
}

impl Assignment {
    /// What the pass adds up for these arranged blocks.
    pub fn pass(&self, blocks: &[Arranged]) -> Result<Sums, PartError> {
        let is_other = |block: &Arranged| {
            block.is_measured != self.pass.is_measured || block.layout.movie_count() != self.movie_count
        };
        if blocks.iter().any(is_other) {
            return Err(PartError::OtherModel);
        }
        let layouts: Vec<&Layout> = blocks.iter().map(|block| &block.layout).collect();
        let rating_count: usize = layouts.iter().map(|layout| layout.rating_count()).sum();
        let messages = Messages::new(self.work.pass(&layouts), rating_count as u64);
        Ok(Sums { pass: self.pass, added: Added::Messages(messages) })
    }
}

impl Message for Assignment {
    const KIND: &'static str = "assignment";

    fn headline(&self) -> String {
        format!("pass {}", self.pass.number)
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.pass.save(state);
        state.number(self.movie_count as u64);
        self.work.save(state);
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        let pass = Pass::restore(state)?;
        let movie_count = state.number()? as usize;
        let work = vb::Assignment::restore(movie_count, state)?;
        Ok(Self { pass, movie_count, work })
    }
}
