//! Training that can be interrupted: see [`crate::checkpoint`].

use std::collections::BTreeMap;

use matinee_model::artifact::HoldOut;
use matinee_model::{IntervalTable, Intervals};

use super::{Measured, Plan, Stage, Trained, by_stages};
use crate::algorithm::Run;
use crate::checkpoint::{CheckpointError, Checkpoints, Fingerprint, Halt, Slot};
use crate::progress::Progress;
use crate::ratings::Dataset;
use crate::state::{StateError, StateReader, StateWriter};

/// Like [`train`](super::train), but continues from the checkpoint if there is one, and saves one when it is interrupted.
/// The result has the same bits as if it had never been interrupted. The caller [clears](clear_checkpoint) the checkpoint
/// when the model is written.
pub fn train_resumably(
    dataset: &Dataset,
    plan: &Plan,
    progress: &dyn Progress,
    checkpoints: &Checkpoints,
) -> Result<Trained, Halt> {
    let mut slot = plan.slot(dataset, checkpoints);
    let mut saved =
        slot.load()?.map(|bytes| Saved::parse(&bytes)).transpose().map_err(|error| slot.unreadable(error))?;
    let begin_with = saved.as_ref().map(|saved| saved.stage.clone());
    by_stages(dataset, plan, progress, begin_with, |stage, training| {
        let mut run = plan.algorithm.begin(training);
        progress.begin(run.epochs());
        let mut done = 0;
        if let Some(Saved { epoch, state, .. }) = saved.take() {
            let mut reader = StateReader::new(&state);
            run.restore(&mut reader)
                .and_then(|()| reader.finish())
                .map_err(|error| slot.unreadable(error))?;
            done = epoch;
            progress.stage(&format!("continuing from the checkpoint after epoch {done} of {}", run.epochs()));
        }
        while done < run.epochs() {
            let train_rmse = run.epoch();
            done += 1;
            progress.epoch(done, train_rmse);
            slot.pass(|| Saved::of(&*run, stage.clone(), done).into_bytes())?;
        }
        Ok(run.fitted())
    })
}

/// Removes the checkpoint of a finished training.
pub fn clear_checkpoint(
    dataset: &Dataset,
    plan: &Plan,
    checkpoints: &Checkpoints,
) -> Result<(), CheckpointError> {
    plan.slot(dataset, checkpoints).clear()
}

impl Plan {
    /// The checkpoint of this training.
    fn slot<'c>(&self, dataset: &Dataset, checkpoints: &'c Checkpoints) -> Slot<'c> {
        let mut settings: BTreeMap<String, String> = self
            .algorithm
            .hyperparameters()
            .into_iter()
            .map(|(name, value)| (name, value.to_string()))
            .collect();
        settings.insert("algorithm".to_owned(), self.algorithm.name().to_owned());
        settings.insert("seed".to_owned(), self.seed.to_string());
        settings.insert("hold_out".to_owned(), self.hold_out.to_string());
        checkpoints.slot("training.checkpoint", Fingerprint::of(dataset, settings))
    }
}

/// A saved training: its stage, the number of finished epochs of that stage, and the state of the run.
struct Saved {
    stage: Stage,
    epoch: usize,
    state: Vec<u8>,
}

impl Saved {
    fn of(run: &dyn Run, stage: Stage, epoch: usize) -> Self {
        let mut writer = StateWriter::default();
        run.save(&mut writer);
        Self { stage, epoch, state: writer.into_bytes() }
    }

    fn into_bytes(self) -> Vec<u8> {
        let mut writer = StateWriter::default();
        match self.stage {
            Stage::Measuring => writer.number(0),
            Stage::Final(None) => writer.number(1),
            Stage::Final(Some(measured)) => {
                writer.number(2);
                measured.save(&mut writer);
            }
        }
        writer.number(self.epoch as u64);
        let mut bytes = writer.into_bytes();
        bytes.extend(self.state);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let stage = match reader.number()? {
            0 => Stage::Measuring,
            1 => Stage::Final(None),
            _ => Stage::Final(Some(Measured::restore(&mut reader)?)),
        };
        let epoch = reader.number()? as usize;
        Ok(Self { stage, epoch, state: reader.rest().to_vec() })
    }
}

impl Measured {
    fn save(&self, state: &mut StateWriter) {
        let HoldOut { fraction, test_count, rmse, mae, unreduced_rmse } = self.hold_out;
        state.number(test_count as u64);
        for number in [fraction, rmse, mae, unreduced_rmse.unwrap_or(f64::NAN)] {
            state.real(number);
        }
        state.number(u64::from(self.intervals.is_some()));
        let Some(intervals) = &self.intervals else { return };
        let IntervalTable { level, user_bounds, movie_bounds, lower, upper } = intervals.table();
        state.real(*level);
        state.value(&(user_bounds, movie_bounds));
        state.floats(lower);
        state.floats(upper);
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let test_count = state.number()? as usize;
        let [fraction, rmse, mae, unreduced] = [state.real()?, state.real()?, state.real()?, state.real()?];
        let unreduced_rmse = Some(unreduced).filter(|rmse| !rmse.is_nan());
        let hold_out = HoldOut { fraction, test_count, rmse, mae, unreduced_rmse };
        if state.number()? == 0 {
            return Ok(Self { hold_out, intervals: None });
        }
        let level = state.real()?;
        let (user_bounds, movie_bounds): (Vec<u32>, Vec<u32>) = state.value()?;
        let bins = (user_bounds.len() + 1) * (movie_bounds.len() + 1);
        let (mut lower, mut upper) = (vec![0.0; bins], vec![0.0; bins]);
        state.floats(&mut lower)?;
        state.floats(&mut upper)?;
        let table = IntervalTable { level, user_bounds, movie_bounds, lower, upper };
        let intervals = Intervals::try_from(table).map_err(|error| StateError::new(error.to_string()))?;
        Ok(Self { hold_out, intervals: Some(intervals) })
    }
}
