//! Compares the best point of a tuning with the model in the output folder, and with the default algorithm and its default
//! hyperparameters.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use matinee_model::artifact::{MANIFEST_FILE, Manifest};
use matinee_train::algorithms::{self, Configured};
use matinee_train::ratings::Dataset;
use matinee_train::tuning::{PointResult, Status, Tuned, TuningPlan, TuningProgress, compare};

/// How an existing model was trained.
pub enum Recipe {
    /// With an algorithm and hyperparameters that this release has too.
    Known(Configured),
    /// In a way that cannot be measured here; why.
    Unknown(String),
}

/// RMSEs on the same folds.
pub struct Comparison {
    best: (String, f64),
    default: (String, f64),
    /// The model in the output folder, if there is one, and its RMSE, if it can be trained again.
    existing: Option<(String, Option<f64>)>,
}

/// How the model in the folder was trained; `None` if there is no model. The folder has passed
/// [`check_output`](matinee_model::artifact::check_output), so a manifest in it was written by Matinee.
pub fn existing_recipe(output: &Path, dataset: &Dataset) -> Result<Option<Recipe>> {
    let path = output.join(MANIFEST_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let manifest =
        Manifest::parse(&std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?)?;
    if let Some(reason) = other_data(&manifest, dataset) {
        return Ok(Some(Recipe::Unknown(reason)));
    }
    let given: Vec<(String, String)> =
        manifest.hyperparameters.into_iter().map(|(name, value)| (name, value.to_string())).collect();
    let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(Some(match algorithms::configure(&manifest.algorithm, given) {
        Ok(configured) => Recipe::Known(configured),
        Err(error) => Recipe::Unknown(error.to_string()),
    }))
}

/// Why the errors of a model do not compare with errors on these data. A model is replaced as ratings come in, so only data
/// that cannot have grown from those it was trained on count as others.
fn other_data(manifest: &Manifest, dataset: &Dataset) -> Option<String> {
    let (scale, ratings) = (dataset.scale, dataset.ratings.len());
    if manifest.rating_scale != scale {
        return Some(format!("its ratings are on {}, and these on {scale}", manifest.rating_scale));
    }
    let learned = manifest.counts.ratings as usize;
    (learned > ratings).then(|| format!("it was trained on {learned} ratings, and here are {ratings}"))
}

impl Comparison {
    /// Cross-validates the recipes that the tuning itself did not, on the same folds.
    pub fn new(
        dataset: &Dataset,
        plan: &TuningPlan,
        tuned: &Tuned,
        best: &PointResult,
        existing: Option<Recipe>,
        progress: &mut dyn TuningProgress,
    ) -> Result<Self> {
        let ratings = dataset.ratings.len();
        let best_recipe = best.point.configure(plan.algorithm)?.for_ratings(ratings);
        let default = algorithms::configure_or_default(None, [])?.for_ratings(ratings);
        let known = match &existing {
            Some(Recipe::Known(configured)) => Some(configured),
            _ => None,
        };
        let mut others: Vec<&Configured> = vec![&default];
        others.extend(known.filter(|known| !known.is_same(&default)));
        let measured_by_tuning: Vec<Option<f64>> =
            others.iter().map(|recipe| measured(tuned, plan, recipe, ratings)).collect();
        let missing: Vec<&Configured> = others
            .iter()
            .zip(&measured_by_tuning)
            .filter(|(_, rmse)| rmse.is_none())
            .map(|(recipe, _)| *recipe)
            .collect();
        let mut rest = if missing.is_empty() {
            Vec::new()
        } else {
            compare(dataset, &missing, plan.folds, plan.seed, progress)?
        }
        .into_iter();
        let rmses: Vec<f64> = measured_by_tuning
            .into_iter()
            .map(|rmse| rmse.or_else(|| rest.next()).unwrap_or(f64::INFINITY))
            .collect();
        let existing = existing.map(|existing| match existing {
            Recipe::Known(configured) => (describe(&configured, ratings), rmses.last().copied()),
            Recipe::Unknown(reason) => (reason, None),
        });
        Ok(Self {
            best: (describe(&best_recipe, ratings), best.rmse()),
            default: (describe(&default, ratings), rmses[0]),
            existing,
        })
    }

    /// Why the model in the folder should not be replaced, if so.
    pub fn reason_to_keep(&self) -> Option<String> {
        match self.existing.as_ref()? {
            (reason, None) => Some(format!("it cannot be compared: {reason}")),
            (_, Some(rmse)) if *rmse < self.best.1 => {
                Some(format!("its RMSE of {rmse:.4} is lower than the best point's {:.4}", self.best.1))
            }
            _ => None,
        }
    }
}

/// The RMSE of a recipe, if it was one of the points of the tuning and was evaluated on every fold.
fn measured(tuned: &Tuned, plan: &TuningPlan, recipe: &Configured, ratings: usize) -> Option<f64> {
    let is_it = |result: &&PointResult| {
        result.status == Status::Complete
            && result
                .point
                .configure(plan.algorithm)
                .is_ok_and(|point| point.for_ratings(ratings).is_same(recipe))
    };
    tuned.results.iter().find(is_it).map(PointResult::rmse)
}

/// The algorithm, and the hyperparameters that differ from the defaults for this number of ratings.
fn describe(recipe: &Configured, ratings: usize) -> String {
    let defaults = algorithms::configure(recipe.name(), [])
        .map(|default| default.for_ratings(ratings).hyperparameters())
        .unwrap_or_default();
    let others =
        recipe.hyperparameters().into_iter().filter(|(name, value)| defaults.get(name) != Some(value));
    let others: Vec<String> = others.map(|(name, value)| format!("{name}={value}")).collect();
    if others.is_empty() {
        format!("{} with its defaults", recipe.name())
    } else {
        format!("{} {}", recipe.name(), others.join(" "))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "on the same folds:")?;
        writeln!(f, "{:>8} ", "RMSE")?;
        writeln!(f, "{:>8.4}  the best point: {}", self.best.1, self.best.0)?;
        write!(f, "{:>8.4}  the default of `matinee train`: {}", self.default.1, self.default.0)?;
        if self.default.1 < self.best.1 {
            write!(f, ", which is better")?;
        }
        match &self.existing {
            Some((recipe, Some(rmse))) => write!(f, "\n{rmse:>8.4}  the model in the folder: {recipe}"),
            _ => Ok(()),
        }
    }
}
