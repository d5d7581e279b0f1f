//! The environment variables, each in one place.

use std::str::FromStr;

use matinee_aws::{Gate, GateError, Memory, S3Uri};
use matinee_jobs::{JobNamePrefix, JobNamePrefixError};

/// What the environment says.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `BUCKET`: where models and the pointer are.
    pub bucket: String,
    /// `STACK_NAME`: the dimension of the metrics.
    pub stack: String,
    /// `JOB_NAME_PREFIX`: what the names of this stack's jobs begin with, up to a hyphen.
    pub name_prefix: JobNamePrefix,
    /// `PINNED_MODEL_URI`: the model that the stack serves whatever is published; it is kept.
    pub pinned: Option<S3Uri>,
    /// `GATE_MAX_RMSE_RISE`, `GATE_MAX_NDCG_DROP`, `GATE_MAX_RATING_LOSS`.
    pub gate: Gate,
    /// `PREDICT_MEMORY_MB`: the memory of the function that serves.
    pub serving_memory: Option<u64>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which Lambda sets: the memory of this function in MB.
    pub memory: Memory,
}

/// A variable with a value that cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is missing, or no number.
    #[error("the environment variable {0} is {1}")]
    Variable(&'static str, String),
    /// A tolerance of the gate is none.
    #[error("the environment variable {0}")]
    Gate(#[from] GateError),
}

impl Config {
    /// Reads the configuration; an empty variable counts as missing.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let given =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let needed = |name: &'static str| {
            given(name).ok_or_else(|| ConfigError::Variable(name, "missing; the stack sets it".to_owned()))
        };
        let wrong_prefix =
            |error: JobNamePrefixError| ConfigError::Variable("JOB_NAME_PREFIX", error.to_string());
        let name_prefix: JobNamePrefix = needed("JOB_NAME_PREFIX")?.parse().map_err(wrong_prefix)?;
        Ok(Self {
            bucket: needed("BUCKET")?,
            stack: given("STACK_NAME").unwrap_or_else(|| name_prefix.to_string()),
            name_prefix,
            // A path is the demo model, which lies in no bucket.
            pinned: given("PINNED_MODEL_URI").and_then(|uri| uri.parse().ok()),
            gate: Gate::from_lookup(&lookup)?,
            serving_memory: parsed("PREDICT_MEMORY_MB", given("PREDICT_MEMORY_MB"))?,
            memory: Memory::of_megabytes(parsed(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                given("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
            )?),
        })
    }
}

fn parsed<T: FromStr>(name: &'static str, text: Option<String>) -> Result<Option<T>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse();
    number.map(Some).map_err(|_| ConfigError::Variable(name, format!("`{text}`; it must be a number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            let needed = [("BUCKET", "b"), ("JOB_NAME_PREFIX", "matinee")];
            let mut all = needed.iter().chain(variables).rev();
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn tolerances_have_defaults() {
        let config = config(&[("GATE_MAX_NDCG_DROP", "0.5"), ("GATE_MAX_RMSE_RISE", "")]).unwrap();
        assert_eq!(config.gate, Gate { max_ndcg_drop: 0.5, ..Gate::default() });
        assert_eq!((config.stack.as_str(), config.serving_memory), ("matinee", None));
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value) in [
            ("BUCKET", ""),
            ("JOB_NAME_PREFIX", "my_stack"),
            ("GATE_MAX_RMSE_RISE", "-0.1"),
            ("GATE_MAX_NDCG_DROP", "NaN"),
            ("GATE_MAX_RATING_LOSS", "ten"),
            ("PREDICT_MEMORY_MB", "256 MB"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"),
        ] {
            let error = config(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn it_reads_what_is_documented() {
        matinee_tests::assert_reads_documented("Variables of `publish-model`", |lookup| {
            let needed = |name: &str| lookup(name).or_else(|| (name != "STACK_NAME").then(|| "1".to_owned()));
            Config::from_lookup(needed).unwrap();
        });
    }
}
