//! What every training job of a stack has in common: the variables, each in one place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::{JobNamePrefix, JobNamePrefixError};

/// The instance that jobs run on if nothing else is said.
pub const DEFAULT_INSTANCE_TYPE: &str = "ml.m5.large";

/// What every training job of a stack has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// `BUCKET`: where data lie and models go.
    pub bucket: String,
    /// `TRAINING_IMAGE`: the container's image in ECR.
    pub image: String,
    /// `TRAINING_ROLE_ARN`: what the job may do.
    pub role: String,
    /// `JOB_NAME_PREFIX`: what the names of jobs begin with, up to a hyphen.
    pub name_prefix: JobNamePrefix,
    /// `STACK_NAME`: the tag of the jobs, and the dimension of the metrics.
    pub stack: String,
    /// `TRAINING_INSTANCE_TYPE`.
    pub instance_type: String,
    /// `TRAINING_VOLUME_GB`.
    pub volume_gb: i32,
    /// `TRAINING_MAX_SECONDS`: a job that takes longer is ended.
    pub max_seconds: i32,
    /// `TRAINING_SPOT`: on capacity that costs less and may be taken away.
    pub spot: bool,
    /// `HYPERPARAMETERS`: a JSON object of texts.
    pub hyperparameters: BTreeMap<String, String>,
    /// `METRIC_DEFINITIONS`: which lines of the output are metrics, as JSON.
    pub metric_definitions: Vec<MetricDefinition>,
}

/// A metric in the output of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricDefinition {
    /// Its name.
    pub name: String,
    /// How its value is found.
    pub regex: String,
}

/// A variable with a value that cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is {problem}")]
pub struct SettingsError {
    name: &'static str,
    problem: String,
}

impl JobSettings {
    /// Reads the settings; an empty variable counts as missing.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let given =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let needed = |name: &'static str| {
            given(name)
                .ok_or_else(|| SettingsError { name, problem: "missing; the stack sets it".to_owned() })
        };
        let number = |name: &'static str, default: i32| match given(name).map(|text| (text.parse(), text)) {
            None => Ok(default),
            Some((Ok(number), _)) if number > 0 => Ok(number),
            Some((_, text)) => {
                Err(SettingsError { name, problem: format!("`{text}`; it must be a whole number from 1") })
            }
        };
        let spot = match given("TRAINING_SPOT").as_deref() {
            None | Some("true") => true,
            Some("false") => false,
            Some(other) => {
                let problem = format!("`{other}`; it must be true or false");
                return Err(SettingsError { name: "TRAINING_SPOT", problem });
            }
        };
        let name_prefix: JobNamePrefix =
            needed("JOB_NAME_PREFIX")?.parse().map_err(|error: JobNamePrefixError| SettingsError {
                name: "JOB_NAME_PREFIX",
                problem: error.to_string(),
            })?;
        Ok(Self {
            bucket: needed("BUCKET")?,
            image: needed("TRAINING_IMAGE")?,
            role: needed("TRAINING_ROLE_ARN")?,
            stack: given("STACK_NAME").unwrap_or_else(|| name_prefix.to_string()),
            name_prefix,
            instance_type: given("TRAINING_INSTANCE_TYPE")
                .unwrap_or_else(|| DEFAULT_INSTANCE_TYPE.to_owned()),
            volume_gb: number("TRAINING_VOLUME_GB", 10)?,
            max_seconds: number("TRAINING_MAX_SECONDS", 3600)?,
            spot,
            hyperparameters: json(given("HYPERPARAMETERS"), "HYPERPARAMETERS", "an object of texts")?,
            metric_definitions: json(given("METRIC_DEFINITIONS"), "METRIC_DEFINITIONS", "a list")?,
        })
    }
}

fn json<T: serde::de::DeserializeOwned + Default>(
    text: Option<String>,
    name: &'static str,
    expected: &str,
) -> Result<T, SettingsError> {
    let Some(text) = text else { return Ok(T::default()) };
    serde_json::from_str(&text)
        .map_err(|error| SettingsError { name, problem: format!("`{text}`; it must be {expected}: {error}") })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEEDED: [(&str, &str); 4] = [
        ("BUCKET", "bucket"),
        ("TRAINING_IMAGE", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/matinee:1"),
        ("TRAINING_ROLE_ARN", "arn:aws:iam::123456789012:role/matinee"),
        ("JOB_NAME_PREFIX", "matinee"),
    ];

    pub(crate) fn settings(more: &[(&str, &str)]) -> Result<JobSettings, SettingsError> {
        JobSettings::from_lookup(|name| {
            let mut all = NEEDED.iter().chain(more).rev();
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let settings = settings(&[("TRAINING_SPOT", ""), ("HYPERPARAMETERS", " ")]).unwrap();
        assert_eq!((settings.spot, settings.max_seconds, settings.volume_gb), (true, 3600, 10));
        assert!(settings.hyperparameters.is_empty());
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value, said) in [
            ("BUCKET", "", "BUCKET is missing"),
            ("JOB_NAME_PREFIX", "my_stack", "JOB_NAME_PREFIX is `my_stack`"),
            ("TRAINING_SPOT", "yes", "TRAINING_SPOT is `yes`"),
            ("TRAINING_MAX_SECONDS", "-1", "TRAINING_MAX_SECONDS is `-1`"),
            ("HYPERPARAMETERS", "{\"n\":1}", "HYPERPARAMETERS is"),
            ("METRIC_DEFINITIONS", "{}", "METRIC_DEFINITIONS is"),
        ] {
            let error = settings(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn it_reads_what_is_documented() {
        matinee_tests::assert_reads_documented("Variables of `start-training`", |lookup| {
            let given = |name: &str| {
                NEEDED.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            JobSettings::from_lookup(|name| lookup(name).or_else(|| given(name))).unwrap();
        });
    }

    proptest! {
        #[test]
        fn any_value_is_taken_or_refused_by_name(value in prop_oneof![".{0,20}", "-?[0-9]{0,12}", "[{}\\[\\]\":a,]{0,12}"]) {
            for name in ["JOB_NAME_PREFIX", "TRAINING_SPOT", "TRAINING_MAX_SECONDS", "HYPERPARAMETERS", "METRIC_DEFINITIONS"] {
                if let Err(error) = settings(&[(name, value.as_str())]) {
                    prop_assert!(error.to_string().contains(name), "{}", error);
                }
            }
        }
    }
}
