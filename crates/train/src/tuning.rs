//! Tuning: which hyperparameters predict best what was not learned from.
//!
//! Every point of a [`Space`] is cross-validated on the same folds. Fold by fold, points that cannot win are
//! dropped by the rule in [`elimination`]; of those measured on every fold the one with the lowest mean RMSE
//! is best. Points that differ only in how many epochs they take are one run, observed at each of them.
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

/// What to try, and how to compare.
pub struct TuningPlan {
    /// The name of the algorithm.
    pub algorithm: &'static str,
    /// The points to try.
    pub points: Vec<Point>,
    /// How many folds each is measured on.
    pub folds: u32,
    /// The seed of folds and fits.
    pub seed: u64,
    /// How much a point may be behind: see [`elimination`]. `None` measures every point on every fold.
    pub margin: Option<f64>,
}

/// Listens to a tuning. Calls come from one thread, but fits in the order in which they end.
pub trait TuningProgress {
    /// So many fits begin.
    fn begin(&mut self, _fits: usize) {}

    /// The fit of one point or several on one fold has ended, the `done`th of at most `of`; `rmse` is the
    /// lowest of theirs.
    fn fitted(&mut self, done: usize, of: usize, rmse: f64);

    /// All points that are left were measured on `folds` folds: of those `dropped` cannot win.
    fn round(&mut self, folds: u32, left: usize, dropped: usize, leader: &Point, mean_rmse: f64);
}

/// Points that are one run: they differ in the number of epochs alone.
struct Group {
    /// The algorithm with the most epochs.
    configured: Configured,
    /// Epochs and index of each point, ascending; epochs are `None` where a run cannot be observed.
    points: Vec<(Option<usize>, usize)>,
}

/// Measures the points on the folds that have something to measure on. Where `checkpoints` are given, an interruption leaves the fits that are
/// done there, and they are not done again.
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
    // Without elimination nothing waits for a fold: all are one round.
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

/// The mean RMSE of each of `recipes` on the folds that a plan with as many folds and this seed measures its points on.
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

/// Removes the checkpoint of a tuning that is done.
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
    /// A point is not one of the algorithm's.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// Some folds would be empty.
    #[error("{}", too_many_folds(*.folds, *.ratings))]
    TooManyFolds {
        /// How many folds there were to be.
        folds: u32,
        /// How many ratings there are.
        ratings: usize,
    },
    /// No rating is of a movie that can be asked for.
    #[error("no rating is of a movie in the catalogue, so that there is nothing to measure on")]
    NothingToMeasure,
    /// It was interrupted, or cannot be saved or taken up.
    #[error(transparent)]
    Halt(#[from] Halt),
}

fn too_many_folds(folds: u32, ratings: usize) -> String {
    if ratings < 2 {
        return format!(
            "tuning needs at least 2 ratings, one to learn from and one to measure on; there is {ratings}"
        );
    }
    format!("{folds} folds of {ratings} ratings: some would be empty; use at most {ratings} folds")
}

/// The fits that measure the points that are left on one fold.
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
    /// The points by runs, in the order of each run's first point.
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
