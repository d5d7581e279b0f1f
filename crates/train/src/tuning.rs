//! Tuning: finds the hyperparameters that predict unseen ratings best.
//!
//! Every point of a [`Space`] is cross-validated on the same folds. After each fold, the rule in [`elimination`] drops the
//! points that cannot win. Of the points measured on every fold, the one with the lowest mean RMSE is best. Points that
//! differ only in their number of epochs are one run, which is measured at each of these epochs.
//!
//! Invariant: the results are the same bits on any number of threads, and after any interruption.

pub mod elimination;
mod fits;
mod folds;
mod results;
mod space;

pub use results::{PointResult, Status, Tuned};
pub use space::{MAX_POINTS, Point, Space, SpaceError, Strategy};

use std::collections::BTreeMap;

use crate::algorithms::{ConfigureError, Configured};
use crate::checkpoint::{CheckpointError, Checkpoints, Fingerprint, Halt, Slot};
use crate::evaluation::Errors;
use crate::ratings::Dataset;
use fits::{Fit, FoldData, Saved};
use folds::Folds;

/// The points to try, and how to compare them.
pub struct TuningPlan {
    /// The name of the algorithm.
    pub algorithm: &'static str,
    /// The points to try.
    pub points: Vec<Point>,
    /// The number of folds that each point is measured on.
    pub folds: u32,
    /// The seed of the folds and the fits.
    pub seed: u64,
    /// How far behind a point may be before it is dropped: see [`elimination`]. `None` measures every point on every fold.
    pub margin: Option<f64>,
}

/// Receives the progress of tuning. Calls come from one thread, in the order in which fits end.
pub trait TuningProgress {
    /// This many fits begin.
    fn begin(&mut self, _fits: usize) {}

    /// A fit of one or more points on one fold has ended: the `done`th of at most `of`. `rmse` is the lowest of these
    /// points.
    fn fitted(&mut self, done: usize, of: usize, rmse: f64);

    /// All remaining points are measured on `folds` folds. `dropped` of them cannot win.
    fn round(&mut self, folds: u32, left: usize, dropped: usize, leader: &Point, mean_rmse: f64);
}

/// Points that share a run, because they differ only in the number of epochs.
struct Group {
    /// The algorithm with the most epochs.
    configured: Configured,
    /// The epochs and index of each point, ascending. The epochs are `None` if a run is only measured at its end.
    points: Vec<(Option<usize>, usize)>,
}

/// Measures the points on the folds that have something to measure on. With `checkpoints`, finished fits survive an
/// interruption and are not repeated.
pub fn tune(
    dataset: &Dataset,
    plan: &TuningPlan,
    progress: &mut dyn TuningProgress,
    checkpoints: Option<&Checkpoints>,
) -> Result<Tuned, TuneError> {
    let groups = plan.groups()?;
    let folds = Folds::new(dataset, plan.folds, plan.seed)?;
    let mut slot = checkpoints.map(|checkpoints| plan.slot(dataset, checkpoints));
    let mut saved = Saved::load(slot.as_ref()).map_err(Halt::from)?;
    let mut errors: Vec<Vec<Errors>> = vec![Vec::new(); plan.points.len()];
    let mut is_left = vec![true; plan.points.len()];
    let mut measured = 0;
    // Without elimination no fit waits for a fold, so all folds are one round.
    for round in folds.numbers.chunks(if plan.margin.is_some() { 1 } else { folds.numbers.len() }) {
        measured += round.len() as u32;
        let data: Vec<FoldData> = round.iter().map(|&fold| folds.data(dataset, fold)).collect();
        let fits: Vec<Fit<'_>> = data.iter().flat_map(|data| fits_of(&groups, &is_left, data)).collect();
        progress.begin(fits.len());
        fits::run(dataset, &fits, plan.seed, &mut saved, slot.as_mut(), progress)?;
        for fit in &fits {
            for (&(_, point), &of_fold) in fit.points.iter().zip(saved.of(fit).unwrap_or_default()) {
                errors[point].push(of_fold);
            }
        }
        let left_before = is_left.iter().filter(|&&left| left).count();
        elimination::drop_hopeless(&errors, &mut is_left, folds.count(), plan.margin);
        let left = is_left.iter().filter(|&&left| left).count();
        if let Some((leader, mean)) = elimination::leader(&errors, &is_left) {
            progress.round(measured, left_before, left_before - left, &plan.points[leader], mean);
        }
    }
    Ok(Tuned::new(plan, folds.count(), errors))
}

/// The mean RMSE of each of `recipes`, on the same folds on which a plan with this number of folds and this seed measures
/// its points.
pub fn compare(
    dataset: &Dataset,
    recipes: &[&Configured],
    folds: u32,
    seed: u64,
    progress: &mut dyn TuningProgress,
) -> Result<Vec<f64>, TuneError> {
    let folds = Folds::new(dataset, folds, seed)?;
    let data: Vec<FoldData> = folds.numbers.iter().map(|&fold| folds.data(dataset, fold)).collect();
    let fit = |data, (group, &configured)| Fit { group, configured, points: vec![(None, group)], data };
    let fits: Vec<Fit<'_>> = data
        .iter()
        .flat_map(|data| recipes.iter().enumerate().map(move |recipe| fit(data, recipe)))
        .collect();
    let mut saved = Saved::default();
    progress.begin(fits.len());
    fits::run(dataset, &fits, seed, &mut saved, None, progress)?;
    let rmse =
        |fit: &Fit<'_>| saved.of(fit).unwrap_or_default().iter().map(|errors| errors.rmse).sum::<f64>();
    let mean = |recipe| {
        fits.iter().filter(|fit| fit.group == recipe).map(rmse).sum::<f64>() / folds.numbers.len() as f64
    };
    Ok((0..recipes.len()).map(mean).collect())
}

/// Removes the checkpoint of a finished tuning.
pub fn clear_checkpoint(
    dataset: &Dataset,
    plan: &TuningPlan,
    checkpoints: &Checkpoints,
) -> Result<(), CheckpointError> {
    plan.slot(dataset, checkpoints).clear()
}

/// Why tuning has no result.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// A point is not valid for the algorithm.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// Some folds would be empty.
    #[error("{}", too_many_folds(*.folds, *.ratings))]
    TooManyFolds {
        /// The number of folds.
        folds: u32,
        /// The number of ratings.
        ratings: usize,
    },
    /// No rating is for a movie in the catalogue.
    #[error("no rating is for a movie in the catalogue, so there is nothing to measure on")]
    NothingToMeasure,
    /// It was interrupted, or a checkpoint cannot be written or read.
    #[error(transparent)]
    Halt(#[from] Halt),
}

fn too_many_folds(folds: u32, ratings: usize) -> String {
    if ratings < 2 {
        return format!(
            "tuning needs at least 2 ratings, one to learn from and one to measure on, but the number of ratings is {ratings}"
        );
    }
    format!("{folds} folds of {ratings} ratings: some would be empty; use at most {ratings} folds")
}

/// The fits that measure the remaining points on one fold.
fn fits_of<'a>(groups: &'a [Group], is_left: &[bool], data: &'a FoldData) -> Vec<Fit<'a>> {
    let left = |group: &Group| group.points.iter().copied().filter(|&(_, point)| is_left[point]).collect();
    let fits = groups.iter().enumerate().map(|(number, group)| Fit {
        group: number,
        configured: &group.configured,
        points: left(group),
        data,
    });
    fits.filter(|fit| !fit.points.is_empty()).collect()
}

impl TuningPlan {
    /// The points grouped by run, in the order of each run's first point.
    fn groups(&self) -> Result<Vec<Group>, ConfigureError> {
        let shared = space::shared_epochs(self.algorithm);
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (index, point) in self.points.iter().enumerate() {
            let configured = point.configure(self.algorithm)?;
            let mut others = configured.hyperparameters();
            let epochs = shared.and_then(|name| others.remove(name)?.as_u64()).map(|epochs| epochs as usize);
            let key = format!("{others:?}");
            let Some(&number) = numbers.get(&key) else {
                numbers.insert(key, groups.len());
                groups.push(Group { configured, points: vec![(epochs, index)] });
                continue;
            };
            let group = &mut groups[number];
            if group.points.iter().all(|&(most, _)| most < epochs) {
                group.configured = configured;
            }
            group.points.push((epochs, index));
        }
        for group in &mut groups {
            group.points.sort_unstable();
        }
        Ok(groups)
    }

    fn slot<'c>(&self, dataset: &Dataset, checkpoints: &'c Checkpoints) -> Slot<'c> {
        let mut settings: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in self.points.iter().flat_map(Point::values) {
            let values = settings.entry(name.to_owned()).or_default();
            if !values.split(',').any(|known| known == value) {
                values.push_str(if values.is_empty() { "" } else { "," });
                values.push_str(value);
            }
        }
        let margin = self.margin.map_or("none".to_owned(), |margin| margin.to_string());
        for (name, value) in [
            ("algorithm", self.algorithm.to_owned()),
            ("points", self.points.len().to_string()),
            ("folds", self.folds.to_string()),
            ("seed", self.seed.to_string()),
            ("margin", margin),
        ] {
            settings.insert(format!("tuning: {name}"), value);
        }
        checkpoints.slot("tuning.checkpoint", Fingerprint::of(dataset, settings))
    }
}
