//! The best point beside what there is: the model in the output folder, and the default algorithm as it comes.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use matinee_model::artifact::{MANIFEST_FILE, Manifest};
use matinee_train::algorithms::{self, Configured};
use matinee_train::ratings::Dataset;
use matinee_train::tuning::{PointResult, Status, Tuned, TuningPlan, TuningProgress, compare};

/// How a model that is there was trained.
pub enum Recipe {
    /// By an algorithm that this release has too.
    Known(Configured),
    /// In a way that cannot be measured here; why.
    Unknown(String),
}

/// RMSEs on the same folds.
pub struct Comparison {
    best: (String, f64),
    plain: (String, f64),
    /// The model in the output folder, if there is one, and its RMSE if that can be told.
    existing: Option<(String, Option<f64>)>,
}

/// How the model in the folder was trained; `None` if there is none. The folder passed
/// [`check_output`](matinee_model::artifact::check_output), so a manifest is one of ours.
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
    /// Cross-validates, on the folds of the plan, what was not measured by the tuning itself.
    pub fn new(
        dataset: &Dataset,
        plan: &TuningPlan,
        tuned: &Tuned,
        best: &PointResult,
        existing: Option<Recipe>,
        progress: &mut dyn TuningProgress,
    ) -> Result<Self> {
        let best_recipe = best.point.configure(plan.algorithm)?;
        let usual = algorithms::configure(algorithms::DEFAULT, [])?;
        let known = match &existing {
            Some(Recipe::Known(configured)) => Some(configured),
            _ => None,
        };
        let mut others: Vec<&Configured> = vec![&usual];
        others.extend(known.filter(|known| !known.is_same(&usual)));
        let of_tuning: Vec<Option<f64>> = others.iter().map(|recipe| measured(tuned, plan, recipe)).collect();
        let missing: Vec<&Configured> = others
            .iter()
            .zip(&of_tuning)
            .filter(|(_, rmse)| rmse.is_none())
            .map(|(recipe, _)| *recipe)
            .collect();
        let mut rest = if missing.is_empty() {
            Vec::new()
        } else {
            compare(dataset, &missing, plan.folds, plan.seed, progress)?
        }
        .into_iter();
        let rmses: Vec<f64> =
            of_tuning.into_iter().map(|rmse| rmse.or_else(|| rest.next()).unwrap_or(f64::INFINITY)).collect();
        let existing = existing.map(|existing| match existing {
            Recipe::Known(configured) => (described(&configured), rmses.last().copied()),
            Recipe::Unknown(reason) => (reason, None),
        });
        Ok(Self {
            best: (described(&best_recipe), best.rmse()),
            plain: (described(&usual), rmses[0]),
            existing,
        })
    }

    /// Why the model in the folder is not to be replaced.
    pub fn reason_to_keep(&self) -> Option<String> {
        match self.existing.as_ref()? {
            (reason, None) => Some(format!("it cannot be compared: {reason}")),
            (_, Some(rmse)) if *rmse < self.best.1 => {
                Some(format!("its RMSE of {rmse:.4} is lower than the {:.4} of the best point", self.best.1))
            }
            _ => None,
        }
    }
}

/// What the tuning measured of a recipe, if it was one of the points and measured on every fold.
fn measured(tuned: &Tuned, plan: &TuningPlan, recipe: &Configured) -> Option<f64> {
    let is_it = |result: &&PointResult| {
        result.status == Status::Complete
            && result.point.configure(plan.algorithm).is_ok_and(|point| point.is_same(recipe))
    };
    tuned.results.iter().find(is_it).map(PointResult::rmse)
}

/// The algorithm, and the hyperparameters that are not its defaults.
fn described(recipe: &Configured) -> String {
    let defaults =
        algorithms::configure(recipe.name(), []).map(|plain| plain.hyperparameters()).unwrap_or_default();
    let others =
        recipe.hyperparameters().into_iter().filter(|(name, value)| defaults.get(name) != Some(value));
    let others: Vec<String> = others.map(|(name, value)| format!("{name}={value}")).collect();
    if others.is_empty() {
        format!("{} as it comes", recipe.name())
    } else {
        format!("{} {}", recipe.name(), others.join(" "))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "on the same folds:")?;
        writeln!(f, "{:>8} ", "RMSE")?;
        writeln!(f, "{:>8.4}  the best point: {}", self.best.1, self.best.0)?;
        write!(f, "{:>8.4}  what `matinee train` learns by: {}", self.plain.1, self.plain.0)?;
        if self.plain.1 < self.best.1 {
            write!(f, ", which is better")?;
        }
        match &self.existing {
            Some((recipe, Some(rmse))) => write!(f, "\n{rmse:>8.4}  the model in the folder: {recipe}"),
            _ => Ok(()),
        }
    }
}
