//! The stage that trains the ranking head. It can be interrupted, and has a checkpoint of its own.

use crate::checkpoint::{CheckpointError, Halt, Slot};
use crate::progress::Progress;
use crate::ranking::{RankedHead, RankingRun, RankingTraining};
use crate::state::{StateError, StateReader, StateWriter};

/// The first number in the checkpoint of an unfinished head.
const UNFINISHED: u64 = 0;
/// The first number in the checkpoint of a finished head.
const FINISHED: u64 = 1;

/// The stage, and whether its finished head is saved.
pub(super) struct RankingStage<'a> {
    slot: Slot<'a>,
    is_saved: bool,
}

impl<'a> RankingStage<'a> {
    pub(super) fn new(slot: Slot<'a>) -> Self {
        Self { slot, is_saved: false }
    }

    /// Trains the head, starting from the checkpoint if there is one.
    pub(super) fn learn(
        &mut self,
        training: RankingTraining<'_>,
        progress: &dyn Progress,
    ) -> Result<RankedHead, Halt> {
        let mut run = RankingRun::begin(training);
        if let Some(state) = self.slot.load()? {
            let finished = resume(state, &mut run).map_err(|error| self.slot.unreadable(error))?;
            if let Some(head) = finished {
                self.is_saved = true;
                return Ok(head);
            }
            progress.stage("continuing from the checkpoint of the ranking head");
        }
        run.complete(progress, |run| self.slot.pass(|state| save_unfinished(run, state)))
    }

    /// Saves the finished head, only once: it does not change while the rating head is trained.
    pub(super) fn save(&mut self, head: &RankedHead) -> Result<(), CheckpointError> {
        if !self.is_saved {
            self.slot.save(|state| {
                state.number(FINISHED);
                head.save(state);
            })?;
            self.is_saved = true;
        }
        Ok(())
    }
}

fn save_unfinished(run: &RankingRun<'_>, state: &mut StateWriter<'_>) {
    state.number(UNFINISHED);
    run.save(state);
}

/// The head if it is finished. Otherwise restores the unfinished `run`.
fn resume(mut state: StateReader<'_>, run: &mut RankingRun<'_>) -> Result<Option<RankedHead>, StateError> {
    let finished = match state.number()? {
        UNFINISHED => {
            run.restore(&mut state)?;
            None
        }
        FINISHED => Some(RankedHead::restore(&mut state)?),
        other => return Err(StateError::new(format!("{other} is not a state of the ranking head"))),
    };
    state.finish()?;
    Ok(finished)
}
