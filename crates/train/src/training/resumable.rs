//! Training that can be interrupted: see [`crate::checkpoint`].

use std::collections::BTreeMap;

use matinee_model::artifact::{GroupErrors, HoldOut};
use matinee_model::calibration::{Calibration, CalibrationTable, Frame};
use matinee_model::{IntervalTable, Intervals};

use super::ranking_stage::RankingStage;
use super::stages::{Stage, Stages};
use super::{Measured, Plan, Trained};
use crate::algorithm::Runs;
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
    let [mut slot, ranking_slot] = plan.slots(dataset, checkpoints);
    let mut ranking_stage = RankingStage::new(ranking_slot);
    let mut saved = slot.load()?.map(Saved::read).transpose().map_err(|error| slot.unreadable(error))?;
    let begin_with = saved.as_ref().map_or(Stage::Measuring, |saved| saved.stage.clone());
    let ranking = ranking_stage.learn(plan.ranking_training(dataset), progress)?;
    let stages = Stages { dataset, plan, progress, served_by: ranking.head.method };
    let trained = stages.run(begin_with, |stage, begin| {
        let mut runs = begin();
        progress.begin(runs.epochs());
        let mut done = 0;
        if let Some(Saved { epoch, mut state, .. }) = saved.take() {
            runs.restore(&mut state).and_then(|()| state.finish()).map_err(|error| slot.unreadable(error))?;
            done = epoch;
            progress
                .stage(&format!("continuing from the checkpoint after epoch {done} of {}", runs.epochs()));
        }
        while done < runs.epochs() {
            let train_rmse = runs.epoch();
            done += 1;
            progress.epoch(done, train_rmse);
            if slot.is_due() {
                ranking_stage.save(&ranking)?;
            }
            slot.pass(|state| save(&runs, stage, done, state))?;
        }
        Ok::<_, Halt>(runs.completed())
    })?;
    Ok(trained.with(ranking))
}

/// Removes the checkpoints of a finished training.
pub fn clear_checkpoint(
    dataset: &Dataset,
    plan: &Plan,
    checkpoints: &Checkpoints,
) -> Result<(), CheckpointError> {
    plan.slots(dataset, checkpoints).iter().try_for_each(Slot::clear)
}

impl Plan {
    /// The checkpoints of this training: of the rating head, and of the ranking head.
    fn slots<'c>(&self, dataset: &Dataset, checkpoints: &'c Checkpoints) -> [Slot<'c>; 2] {
        let algorithm = self.algorithm_for(dataset);
        let values = algorithm.hyperparameters().into_iter();
        let mut settings: BTreeMap<String, String> =
            values.map(|(name, value)| (name, value.to_string())).collect();
        settings.insert("algorithm".to_owned(), algorithm.name().to_owned());
        settings.insert("seed".to_owned(), self.seed.to_string());
        settings.insert("hold_out".to_owned(), self.hold_out.to_string());
        if let Some(came_in) = &self.came_in {
            settings.insert("live model".to_owned(), came_in.live_version().to_string());
        }
        let of = Fingerprint::of(dataset, settings);
        ["training.checkpoint", "ranking.checkpoint"].map(|file| checkpoints.slot(file, of.clone()))
    }
}

/// A saved training: its stage, the number of finished epochs of that stage, and the state of the runs.
struct Saved {
    stage: Stage,
    epoch: usize,
    state: StateReader<'static>,
}

/// Writes what [`Saved::read`] reads.
fn save(runs: &Runs<'_>, stage: &Stage, epoch: usize, writer: &mut StateWriter<'_>) {
    match stage {
        Stage::Measuring => writer.number(0),
        Stage::Comparing(measured) => {
            writer.number(1);
            save_if_any(measured.as_deref(), writer, Measured::save);
        }
        Stage::Final(measured, errors) => {
            writer.number(2);
            save_if_any(measured.as_deref(), writer, Measured::save);
            save_if_any(errors.as_ref(), writer, save_groups);
        }
    }
    writer.number(epoch as u64);
    runs.save(writer);
}

impl Saved {
    fn read(mut reader: StateReader<'static>) -> Result<Self, StateError> {
        let stage = match reader.number()? {
            0 => Stage::Measuring,
            1 => Stage::Comparing(restore_if_any(&mut reader, Measured::restore)?.map(Box::new)),
            _ => Stage::Final(
                restore_if_any(&mut reader, Measured::restore)?.map(Box::new),
                restore_if_any(&mut reader, restore_groups)?,
            ),
        };
        let epoch = reader.number()? as usize;
        Ok(Self { stage, epoch, state: reader })
    }
}

impl Measured {
    fn save(&self, state: &mut StateWriter<'_>) {
        let HoldOut { fraction, test_count, rmse, mae, unreduced_rmse } = self.hold_out;
        state.number(test_count as u64);
        state.value(&self.chosen);
        for number in [fraction, rmse, mae, unreduced_rmse.unwrap_or(f64::NAN)] {
            state.real(number);
        }
        save_groups(&self.groups, state);
        save_calibration(self.calibration.as_ref(), state);
        save_calibration(self.calibration_of_learned.as_ref(), state);
        state.number(u64::from(self.intervals.is_some()));
        let Some(intervals) = &self.intervals else { return };
        let IntervalTable { level, user_bounds, movie_bounds, lower, upper } = intervals.table();
        state.real(*level);
        state.value(&(user_bounds, movie_bounds));
        state.floats(lower);
        state.floats(upper);
        state.real(self.coverage.unwrap_or(f64::NAN));
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let test_count = state.number()? as usize;
        let chosen = state.value()?;
        let [fraction, rmse, mae, unreduced] = [state.real()?, state.real()?, state.real()?, state.real()?];
        let unreduced_rmse = Some(unreduced).filter(|rmse| !rmse.is_nan());
        let hold_out = HoldOut { fraction, test_count, rmse, mae, unreduced_rmse };
        let groups = restore_groups(state)?;
        let [calibration, calibration_of_learned] =
            [restore_calibration(state)?, restore_calibration(state)?];
        let mut measured = Self {
            hold_out,
            groups,
            calibration,
            calibration_of_learned,
            intervals: None,
            coverage: None,
            chosen,
        };
        if state.number()? == 0 {
            return Ok(measured);
        }
        let level = state.real()?;
        let (user_bounds, movie_bounds): (Vec<u32>, Vec<u32>) = state.value()?;
        let bins = (user_bounds.len() + 1) * (movie_bounds.len() + 1);
        let (mut lower, mut upper) = (vec![0.0; bins], vec![0.0; bins]);
        state.floats(&mut lower)?;
        state.floats(&mut upper)?;
        measured.coverage = Some(state.real()?).filter(|share| !share.is_nan());
        let table = IntervalTable { level, user_bounds, movie_bounds, lower, upper };
        let intervals = Intervals::try_from(table).map_err(|error| StateError::new(error.to_string()))?;
        measured.intervals = Some(intervals);
        Ok(measured)
    }
}

fn save_if_any<T>(value: Option<&T>, state: &mut StateWriter<'_>, save: fn(&T, &mut StateWriter<'_>)) {
    state.number(u64::from(value.is_some()));
    if let Some(value) = value {
        save(value, state);
    }
}

fn restore_if_any<T>(
    state: &mut StateReader<'_>,
    restore: fn(&mut StateReader<'_>) -> Result<T, StateError>,
) -> Result<Option<T>, StateError> {
    if state.number()? == 0 { Ok(None) } else { restore(state).map(Some) }
}

fn save_groups(groups: &GroupErrors, state: &mut StateWriter<'_>) {
    state.value(&groups.counts);
    state.reals(&groups.squares);
}

fn restore_groups(state: &mut StateReader<'_>) -> Result<GroupErrors, StateError> {
    let counts: Vec<u32> = state.value()?;
    let mut squares = vec![0.0; counts.len()];
    state.reals(&mut squares)?;
    Ok(GroupErrors { counts, squares })
}

/// The numbers to the last bit, which JSON would not keep.
fn save_calibration(calibration: Option<&Calibration>, state: &mut StateWriter<'_>) {
    let table = calibration.map(Calibration::table);
    let has = [
        table.is_some(),
        table.is_some_and(|of| of.unrated.is_some()),
        table.is_some_and(|of| of.link.is_some()),
        table.is_some_and(|of| of.rank_score.is_some()),
    ];
    state.value(&has);
    let Some(CalibrationTable { frame, bilinear, unrated, link, rank_score }) = table else { return };
    let Frame { centre, usual_spread, users, movies } = frame;
    state.floats(&[&[*centre, *usual_spread], users.as_slice(), movies].concat());
    state.value(&bilinear.len());
    state.floats(bilinear);
    if let Some(weight) = unrated {
        state.floats(&[*weight]);
    }
    if let Some(link) = link {
        state.floats(link);
    }
    if let Some(weights) = rank_score {
        state.floats(weights);
    }
}

fn restore_calibration(state: &mut StateReader<'_>) -> Result<Option<Calibration>, StateError> {
    let [is_there, has_unrated, has_link, has_rank_score]: [bool; 4] = state.value()?;
    if !is_there {
        return Ok(None);
    }
    let mut frame = [0.0; 6];
    state.floats(&mut frame)?;
    let [centre, usual_spread, user_count, user_spread, movie_count, movie_spread] = frame;
    let frame =
        Frame { centre, usual_spread, users: [user_count, user_spread], movies: [movie_count, movie_spread] };
    let mut bilinear = vec![0.0; state.value()?];
    state.floats(&mut bilinear)?;
    let mut table = CalibrationTable { frame, bilinear, unrated: None, link: None, rank_score: None };
    if has_unrated {
        state.floats(std::slice::from_mut(table.unrated.insert(0.0)))?;
    }
    if has_link {
        state.floats(table.link.insert(Default::default()))?;
    }
    if has_rank_score {
        state.floats(table.rank_score.insert(Default::default()))?;
    }
    Calibration::try_from(table).map(Some).map_err(|error| StateError::new(error.to_string()))
}
