//! What all training jobs of a stack have in common, read from the variables of the stack's functions.

use std::collections::BTreeMap;

use matinee_dynamodb_ratings::TableName;
use matinee_variables::{VariableError, Variables};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::name::JobNamePrefix;
use crate::spark::SparkSettings;

/// The instance type that jobs run on by default.
pub const DEFAULT_INSTANCE_TYPE: &str = "ml.m5.large";

/// What all training jobs of a stack have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// `BUCKET`: the bucket of the data and the models.
    pub bucket: String,
    /// `TRAINING_IMAGE`: the container image in ECR.
    pub image: String,
    /// `TRAINING_ROLE_ARN`: the role of the jobs.
    pub role: String,
    /// `JOB_NAME_PREFIX`: what the names of the jobs begin with, before a hyphen.
    pub name_prefix: JobNamePrefix,
    /// `STACK_NAME`: the tag of the jobs, and the dimension of the metrics.
    pub stack: String,
    /// `TRAINING_INSTANCE_TYPE`: the instance type that jobs run on.
    pub instance_type: String,
    /// `TRAINING_VOLUME_GB`: the size of a job's disk in GB.
    pub volume_gb: i32,
    /// `TRAINING_MAX_SECONDS`: the longest time that a job may take.
    pub max_seconds: i32,
    /// `TRAINING_SPOT`: whether jobs run on spot capacity, which is cheaper but can be interrupted.
    pub spot: bool,
    /// `RATINGS_TABLE`: the table of ratings that came in, which the jobs learn from too.
    pub ratings_table: Option<TableName>,
    /// `HYPERPARAMETERS`: the hyperparameters of the jobs, a JSON object of strings.
    pub hyperparameters: BTreeMap<String, String>,
    /// Jobs that run on Spark, if the stack has an application for them.
    pub spark: Option<SparkSettings>,
    /// `METRIC_DEFINITIONS`: how to find the metrics in the output of a job, as JSON.
    pub metric_definitions: Vec<MetricDefinition>,
}

/// A metric in the output of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricDefinition {
    /// Its name.
    pub name: String,
    /// The regular expression that finds its value.
    pub regex: String,
}

impl JobSettings {
    /// Reads the settings.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, VariableError> {
        let name_prefix: JobNamePrefix = variables.require_parsed("JOB_NAME_PREFIX")?;
        Ok(Self {
            bucket: variables.require("BUCKET")?,
            image: variables.require("TRAINING_IMAGE")?,
            role: variables.require("TRAINING_ROLE_ARN")?,
            stack: variables.get("STACK_NAME").unwrap_or_else(|| name_prefix.to_string()),
            name_prefix,
            instance_type: variables
                .get("TRAINING_INSTANCE_TYPE")
                .unwrap_or_else(|| DEFAULT_INSTANCE_TYPE.to_owned()),
            volume_gb: variables.whole_number("TRAINING_VOLUME_GB", 1..=i32::MAX)?.unwrap_or(10),
            max_seconds: variables.whole_number("TRAINING_MAX_SECONDS", 1..=i32::MAX)?.unwrap_or(3600),
            spot: variables.flag("TRAINING_SPOT")?.unwrap_or(true),
            ratings_table: variables.parse("RATINGS_TABLE")?,
            spark: SparkSettings::from_variables(variables)?,
            hyperparameters: json(variables, "HYPERPARAMETERS", "an object of strings")?,
            metric_definitions: json(variables, "METRIC_DEFINITIONS", "a list of metric definitions")?,
        })
    }
}

/// The JSON value of a variable; the default of its type if the variable is not set.
fn json<T: DeserializeOwned + Default>(
    variables: &Variables<'_>,
    name: &str,
    expected: &str,
) -> Result<T, VariableError> {
    let read = |text: &str| {
        serde_json::from_str(text).map_err(|error| format!("`{text}` is not {expected} in JSON: {error}"))
    };
    Ok(variables.parse_with(name, read)?.unwrap_or_default())
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

    /// The settings by these variables, and by the needed ones that are not among them.
    pub(crate) fn settings(more: &[(&str, &str)]) -> Result<JobSettings, VariableError> {
        let lookup = |name: &str| {
            let mut all = NEEDED.iter().chain(more).rev();
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        JobSettings::from_variables(&Variables::from_lookup(lookup))
    }

    #[test]
    fn optional_variables_have_defaults() {
        let settings = settings(&[("TRAINING_SPOT", ""), ("HYPERPARAMETERS", " ")]).unwrap();
        assert_eq!((settings.spot, settings.max_seconds, settings.volume_gb), (true, 3600, 10));
        assert!(settings.hyperparameters.is_empty());
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value, problem) in [
            ("BUCKET", "", "BUCKET is missing"),
            ("JOB_NAME_PREFIX", "my_stack", "JOB_NAME_PREFIX is invalid: `my_stack`"),
            ("TRAINING_SPOT", "yes", "TRAINING_SPOT is invalid: `yes`"),
            ("TRAINING_MAX_SECONDS", "-1", "TRAINING_MAX_SECONDS is invalid: `-1`"),
            ("RATINGS_TABLE", "a table", "RATINGS_TABLE is invalid: `a table`"),
            ("HYPERPARAMETERS", "{\"n\":1}", "HYPERPARAMETERS is invalid: `{\"n\":1}`"),
            ("METRIC_DEFINITIONS", "{}", "METRIC_DEFINITIONS is invalid: `{}`"),
        ] {
            let error = settings(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn it_reads_what_is_documented() {
        matinee_tests::assert_reads_documented("Variables of `start-training`", |lookup| {
            let needed = |name: &str| {
                NEEDED.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            let variables = Variables::from_lookup(|name| lookup(name).or_else(|| needed(name)));
            JobSettings::from_variables(&variables).unwrap();
        });
    }

    proptest! {
        #[test]
        fn any_value_is_accepted_or_refused_by_name(value in prop_oneof![".{0,20}", "-?[0-9]{0,12}", "[{}\\[\\]\":a,]{0,12}"]) {
            for name in ["JOB_NAME_PREFIX", "TRAINING_SPOT", "TRAINING_MAX_SECONDS", "HYPERPARAMETERS", "METRIC_DEFINITIONS"] {
                if let Err(error) = settings(&[(name, value.as_str())]) {
                    prop_assert!(error.to_string().contains(name), "{}", error);
                }
            }
        }
    }
}
