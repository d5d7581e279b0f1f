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
        let sample = training.sample();
        let sampled = sample.as_ref().map_or(training, |sample| sample.training(&training));
        let mut run = RankingRun::begin(sampled);
        if let Some(state) = self.slot.load()? {
            let finished = resume(state, &mut run).map_err(|error| self.slot.unreadable(error))?;
            if let Some(head) = finished {
                self.is_saved = true;
                return Ok(head);
            }
            progress.stage("continuing from the checkpoint of the ranking head");
        }
        if let Some(sample) = &sample {
            sample.announce(&training, progress);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::Duration;

    use matinee_model::{Ids, MovieRow, RatingScale, UserRow};

    use super::*;
    use crate::attributes::MovieAttributes;
    use crate::checkpoint::{Checkpoints, Fingerprint};
    use crate::ranking::Sampling;
    use crate::ratings::{Rating, Ratings, Timestamps};

    /// Interrupts after each step.
    #[derive(Default)]
    struct Steps {
        count: AtomicUsize,
        interrupted: Arc<AtomicBool>,
    }

    impl Progress for Steps {
        fn stage(&self, _: &str) {}

        fn begin(&self, _: usize) {}

        fn epoch(&self, _: usize, _: f64) {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.interrupted.store(true, Ordering::Relaxed);
        }

        fn step(&self, step: usize) {
            self.epoch(step, 0.0);
        }
    }

    /// 300 users with ids, each with 12 of 40 movies.
    fn ratings() -> (Ids, Ratings) {
        let ids: Vec<String> = (0..300).map(|id| format!("user {id}")).collect();
        let rating = |index: u32| Rating {
            user: UserRow(index / 12),
            movie: MovieRow((index / 12 * 7 + index % 12 * 3) % 40),
            value: 0.5 + (index % 10) as f32 * 0.5,
        };
        (Ids::new(ids.iter().map(String::as_str)), (0..3_600).map(rating).collect())
    }

    #[test]
    fn a_sample_is_learned_from_with_the_same_bits_after_an_interruption_at_each_step() {
        let (ids, ratings) = ratings();
        let timestamps: Timestamps = (0_i64..).take(ratings.len()).collect();
        let training = RankingTraining {
            user_count: 300,
            movie_count: 40,
            ratings: &ratings,
            timestamps: Some(&timestamps),
            listed: &[true; 40],
            attributes: &MovieAttributes::default(),
            scale: RatingScale::MOVIELENS,
            seed: 0,
            sampling: Some(Sampling { user_ids: ids.table(), ratings: 1_000, ratings_per_movie: 40 }),
        };
        assert!(training.sample().is_some());
        let all_steps = Steps::default();
        let whole = training.learn(&all_steps);
        let folder = tempfile::tempdir().unwrap();
        let mut interruptions = 0;
        let resumed = loop {
            let steps = Steps::default();
            let checkpoints =
                Checkpoints::new(folder.path().to_owned(), Duration::MAX, Arc::clone(&steps.interrupted));
            let of = Fingerprint { settings: [].into(), data_sha256: String::new() };
            let slot = checkpoints.slot("ranking.checkpoint", of);
            match RankingStage::new(slot).learn(training, &steps) {
                Ok(head) => break head,
                Err(Halt::Interrupted(_)) => interruptions += 1,
                Err(halt) => panic!("{halt}"),
            }
        };
        assert!(resumed == whole);
        let steps = all_steps.count.into_inner();
        assert!(interruptions == steps && steps >= 8, "{interruptions} {steps}");
    }
}
