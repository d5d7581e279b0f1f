//! Learning the ranking head, interruptible: a checkpoint of its own, beside that of the rating head.

use crate::checkpoint::{CheckpointError, Halt, Slot};
use crate::progress::Progress;
use crate::ranking::{RankedHead, RankingRun, RankingTraining};
use crate::run::{StateError, StateReader, StateWriter};

/// What a checkpoint of a head that is being learned begins with.
const UNDER_WAY: u64 = 0;
/// What a checkpoint of a head that was learned begins with.
const LEARNED: u64 = 1;

/// The stage, and whether the head that was learned is saved.
pub(super) struct RankingStage<'a> {
    slot: Slot<'a>,
    is_saved: bool,
}

impl<'a> RankingStage<'a> {
    pub(super) fn new(slot: Slot<'a>) -> Self {
        Self { slot, is_saved: false }
    }

    /// Learns the head, or what an earlier process left of it to learn.
    pub(super) fn learn(
        &mut self,
        training: RankingTraining<'_>,
        progress: &dyn Progress,
    ) -> Result<RankedHead, Halt> {
        let mut run = RankingRun::begin(training);
        if let Some(bytes) = self.slot.load()? {
            let learned = resume(&bytes, &mut run).map_err(|error| self.slot.unreadable(error))?;
            if let Some(head) = learned {
                self.is_saved = true;
                return Ok(head);
            }
            progress.stage("going on from the checkpoint with learning to rank");
        }
        run.complete(progress, |run| self.slot.pass(|| under_way(run)))
    }

    /// Saves the head that was learned, once: while the rating head is learned it stays as it is.
    pub(super) fn save(&mut self, head: &RankedHead) -> Result<(), CheckpointError> {
        if !self.is_saved {
            let mut writer = StateWriter::default();
            writer.number(LEARNED);
            head.save(&mut writer);
            self.slot.save(&writer.into_bytes())?;
            self.is_saved = true;
        }
        Ok(())
    }
}

fn under_way(run: &RankingRun<'_>) -> Vec<u8> {
    let mut writer = StateWriter::default();
    writer.number(UNDER_WAY);
    run.save(&mut writer);
    writer.into_bytes()
}

/// The head, if it was learned; else makes `run` the one that was left.
fn resume(bytes: &[u8], run: &mut RankingRun<'_>) -> Result<Option<RankedHead>, StateError> {
    let mut reader = StateReader::new(bytes);
    let learned = match reader.number()? {
        UNDER_WAY => {
            run.restore(&mut reader)?;
            None
        }
        LEARNED => Some(RankedHead::restore(&mut reader)?),
        other => return Err(StateError::new(format!("{other} is not a state of the ranking head"))),
    };
    reader.finish()?;
    Ok(learned)
}
