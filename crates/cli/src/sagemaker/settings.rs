//! What a job is to do: its hyperparameters, in `hyperparameters.json`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, bail};
use matinee_model::RatingScale;
use matinee_train::algorithms::{self, CHOICES, Configured};
use matinee_train::training::{HOLD_OUT_RANGE, HOLD_OUTS};
use matinee_train::tuning::elimination::MARGIN;
use matinee_train::tuning::{Space, Strategy, TuningPlan};
use serde_json::Value;

use super::Root;

/// The hyperparameters that every job has, in addition to those of its algorithm.
const NAMES: [&str; 10] = [
    "algorithm",
    "seed",
    "hold_out",
    "scale",
    "titles_from_ids",
    "checkpoint_interval",
    "tune",
    "tune_points",
    "tune_folds",
    "tune_margin",
];

/// What a job is to do.
pub struct Settings {
    /// The seed of the random numbers.
    pub seed: u64,
    /// The share of the ratings to hold out, if that is given.
    pub hold_out: Option<f64>,
    /// The scale of the ratings.
    pub scale: RatingScale,
    /// Whether to use the ids of movies as their titles if there is no catalogue.
    pub titles_from_ids: bool,
    /// How often to write a checkpoint.
    pub checkpoint_interval: Duration,
    /// What to train.
    pub task: Task,
}

/// What a job trains.
pub enum Task {
    /// One algorithm with these hyperparameters.
    Train(Configured),
    /// The algorithm with the hyperparameters that predict best, which are searched for.
    Tune(TuningPlan),
}

impl Settings {
    pub(super) fn read(root: &Root) -> Result<Self> {
        Self::parse(root.read_config("hyperparameters.json")?)
    }

    /// Reads the settings from the names and values of the hyperparameters.
    pub fn parse(json: BTreeMap<String, Value>) -> Result<Self> {
        let mut given = UnusedHyperparameters::new(json)?;
        let algorithm: Option<String> = given.take("algorithm")?;
        let seed = given.take("seed")?.unwrap_or_default();
        let hold_out: Option<f64> = given.take("hold_out")?;
        if let Some(share) = hold_out.filter(|share| !HOLD_OUTS.contains(share)) {
            bail!("hyperparameter `hold_out` is `{share}`; it must be {HOLD_OUT_RANGE}");
        }
        let scale = given.take("scale")?.unwrap_or(RatingScale::MOVIELENS);
        let titles_from_ids = given.take("titles_from_ids")?.unwrap_or_default();
        let seconds: u64 = given.take("checkpoint_interval")?.unwrap_or(30);
        let task = given.task(algorithm.as_deref(), seed)?;
        let checkpoint_interval = Duration::from_secs(seconds);
        Ok(Self { seed, hold_out, scale, titles_from_ids, checkpoint_interval, task })
    }
}

/// The names and values that have not been read yet.
struct UnusedHyperparameters(BTreeMap<String, String>);

impl UnusedHyperparameters {
    fn new(json: BTreeMap<String, Value>) -> Result<Self> {
        let is_injected = |name: &str| name == "_tuning_objective_metric" || name.starts_with("sagemaker_");
        let ours = json.into_iter().filter(|(name, _)| !is_injected(name));
        ours.map(|(name, value)| Ok((name.clone(), decode(&name, value)?))).collect::<Result<_>>().map(Self)
    }

    /// Reads and removes a hyperparameter.
    fn take<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.0.remove(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => bail!("hyperparameter `{name}` is `{text}`: {error}"),
        }
    }

    /// The task, from the hyperparameters that are left.
    fn task(mut self, algorithm: Option<&str>, seed: u64) -> Result<Task> {
        let tune: Option<String> = self.take("tune")?.filter(|tune| tune != "none");
        let name = algorithm.unwrap_or(algorithms::DEFAULT);
        let points = self.take("tune_points")?;
        let folds: Option<u32> = self.take("tune_folds")?;
        let margin: Option<f64> = self.take("tune_margin")?;
        self.refuse_unknown(name)?;
        let given = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let strategy = match tune.as_deref() {
            None => {
                if points.is_some() || folds.is_some() || margin.is_some() {
                    bail!("`tune_points`, `tune_folds` and `tune_margin` need `tune` to be grid or random");
                }
                return Ok(Task::Train(algorithms::configure_or_default(algorithm, given)?));
            }
            Some("grid") if points.is_some() => {
                bail!("`tune_points` is only for `tune` random; a grid has all its points")
            }
            Some("grid") => Strategy::Grid,
            Some("random") => Strategy::Random(points.unwrap_or(20)),
            Some(other) => bail!("hyperparameter `tune` is `{other}`; it must be grid, random or none"),
        };
        let folds = folds.unwrap_or(5);
        if !(2..=1000).contains(&folds) {
            bail!("hyperparameter `tune_folds` is `{folds}`; it must be a whole number from 2 to 1000");
        }
        let margin = margin.unwrap_or(MARGIN);
        if margin.is_nan() || margin < 0.0 {
            bail!(
                "hyperparameter `tune_margin` is `{margin}`; it must be 0 or more (with inf no point is dropped)"
            );
        }
        let space = Space::new(name, strategy, given)?;
        let margin = margin.is_finite().then_some(margin);
        Ok(Task::Tune(TuningPlan {
            algorithm: space.algorithm(),
            points: space.points(seed)?,
            folds,
            seed,
            margin,
        }))
    }

    fn refuse_unknown(&self, algorithm: &str) -> Result<()> {
        let Some(choice) = CHOICES.iter().find(|choice| choice.name == algorithm) else { return Ok(()) };
        let own: Vec<&str> = choice.hyperparameters.iter().map(|parameter| parameter.name).collect();
        match self.0.keys().find(|name| !own.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => bail!(
                "unknown hyperparameter `{name}`; algorithm {algorithm} takes {}, and every job takes {}",
                if own.is_empty() { "none".to_owned() } else { own.join(", ") },
                NAMES.join(", ")
            ),
        }
    }
}

/// The value as text. The API passes strings; `SageMaker`'s Python SDK encodes the value as JSON within the string.
fn decode(name: &str, value: Value) -> Result<String> {
    match value {
        Value::String(text) => {
            let decoded = serde_json::from_str::<String>(&text);
            Ok(decoded.unwrap_or(text).trim().to_owned())
        }
        Value::Number(_) | Value::Bool(_) | Value::Array(_) => Ok(value.to_string()),
        Value::Null | Value::Object(_) => {
            bail!("hyperparameter `{name}` is {value}; it must be a string")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn settings(json: Value) -> Result<Settings> {
        Settings::parse(serde_json::from_value(json).unwrap())
    }

    fn refusal(json: Value) -> String {
        format!("{:#}", settings(json).err().unwrap())
    }

    #[test]
    fn values_are_plain_or_encoded_as_json() {
        for given in [
            json!({"algorithm": "svd", "n_factors": "8", "biased": "false", "seed": "7", "scale": "1..5"}),
            json!({"algorithm": "\"svd\"", "n_factors": "\"8\"", "biased": "\"false\"", "seed": "\"7\"", "scale": "\"1..5\""}),
            json!({"algorithm": "svd", "n_factors": 8, "biased": false, "seed": 7, "scale": "1..5"}),
        ] {
            let settings = settings(given).unwrap();
            let Task::Train(configured) = settings.task else { panic!("it tunes") };
            assert_eq!(configured.name(), "svd");
            let hyperparameters = configured.hyperparameters();
            assert_eq!(
                (&hyperparameters["n_factors"], &hyperparameters["biased"]),
                (&json!(8), &json!(false))
            );
            assert_eq!((settings.seed, settings.scale), (7, RatingScale::new(1.0, 5.0).unwrap()));
        }
    }

    #[test]
    fn hyperparameters_that_sagemaker_adds_are_ignored() {
        settings(json!({"_tuning_objective_metric": "validation:rmse", "sagemaker_region": "\"eu-west-1\""}))
            .unwrap();
    }

    #[test]
    fn tuning_takes_lists_and_ranges() {
        for (n_factors, strategy) in [("4,8", "grid"), ("[4, 8]", "grid"), ("\"4,8\"", "\"grid\"")] {
            let given =
                json!({"tune": strategy, "n_factors": n_factors, "tune_folds": "3", "tune_margin": "inf"});
            let Task::Tune(plan) = settings(given).unwrap().task else { panic!("it trains") };
            assert_eq!((plan.algorithm, plan.points.len()), (algorithms::DEFAULT, 2 * 2));
            assert_eq!((plan.folds, plan.margin), (3, None));
        }
        let given = json!({"algorithm": "svd", "tune": "random", "tune_points": "6", "n_factors": "4..8"});
        let Task::Tune(plan) = settings(given).unwrap().task else { panic!("it trains") };
        assert_eq!((plan.points.len(), plan.margin), (6, Some(MARGIN)));
    }

    #[test]
    fn refusals_name_the_hyperparameter() {
        for (given, named) in [
            (json!({"n_factor": "8"}), "unknown hyperparameter `n_factor`; algorithm bayes takes n_factors"),
            (json!({"tune": "grid", "x": "8"}), "every job takes algorithm, seed"),
            (json!({"algorithm": "svm"}), "unknown algorithm `svm`"),
            (json!({"n_factors": "1,2"}), "`n_factors` is `1,2`; it must be a whole number"),
            (json!({"seed": "-1"}), "`seed` is `-1`"),
            (json!({"hold_out": "0.999"}), "`hold_out` is `0.999`; it must be at least 0 and at most 0.5"),
            (json!({"scale": "5..1"}), "`scale` is `5..1`"),
            (json!({"titles_from_ids": "maybe"}), "`titles_from_ids` is `maybe`"),
            (json!({"checkpoint_interval": "soon"}), "`checkpoint_interval` is `soon`"),
            (json!({"tune": "maybe"}), "`tune` is `maybe`"),
            (json!({"tune_points": "5"}), "need `tune`"),
            (json!({"tune": "grid", "tune_points": "5"}), "`tune_points` is only for `tune` random"),
            (json!({"tune": "grid", "tune_folds": "1"}), "`tune_folds` is `1`"),
            (json!({"tune": "grid", "tune_margin": "-1"}), "`tune_margin` is `-1`"),
            (json!({"tune": "grid", "n_factors": "1..2"}), "a grid needs a list"),
            (json!({"n_factors": {"a": 1}}), "`n_factors` is {\"a\":1}"),
        ] {
            let refusal = refusal(given.clone());
            assert!(refusal.contains(named), "{given}: {refusal}");
        }
    }

    proptest! {
        #[test]
        fn any_hyperparameters_are_accepted_or_refused(
            name in prop::sample::select(NAMES.to_vec()),
            other in prop_oneof![Just("n_factors".to_owned()), Just("n_epochs".to_owned()), ".{0,12}"],
            value in prop_oneof![".{0,12}", "[0-9.,:e-]{0,8}", "\"[0-9.,]{0,8}\""],
            tune in prop::sample::select(vec!["none", "grid", "random"]),
        ) {
            for given in [
                json!({(name): value}),
                json!({"algorithm": "svd", (name): value, (other.as_str()): value}),
                json!({"tune": tune, (name): value, (other.as_str()): value}),
            ] {
                match settings(given.clone()) {
                    Ok(settings) => prop_assert!(settings.hold_out.is_none_or(|share| HOLD_OUTS.contains(&share))),
                    Err(error) => {
                        let error = format!("{error:#}");
                        let names = [name, other.as_str(), "hyperparameter", "algorithm", "grid", "`tune`"];
                        prop_assert!(names.iter().any(|name| error.contains(name)), "{}: {}", given, error);
                    }
                }
            }
        }
    }
}
