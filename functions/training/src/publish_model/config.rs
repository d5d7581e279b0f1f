//! The configuration of the function, read from its environment variables.

use matinee_aws::{Gate, Memory, ModelUri, S3Uri};
use matinee_jobs::JobNamePrefix;
use matinee_variables::{VariableError, Variables};

/// The configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `BUCKET`: the bucket of the models and the pointer.
    pub bucket: String,
    /// `STACK_NAME`: the dimension of the metrics; `JOB_NAME_PREFIX` by default.
    pub stack: String,
    /// `JOB_NAME_PREFIX`: what the names of this stack's jobs begin with, before a hyphen.
    pub name_prefix: JobNamePrefix,
    /// `PINNED_MODEL_URI`: the model that the stack serves whatever is published. It is never retired.
    pub pinned: Option<S3Uri>,
    /// `SPARK_APPLICATION_ID`: the application of EMR Serverless in which jobs run on Spark, if there is one.
    pub spark_application: Option<String>,
    /// `GATE_MAX_RMSE_RISE`, `GATE_MAX_NDCG_DROP`, `GATE_MAX_RATING_LOSS`: how much worse a new model may be.
    pub gate: Gate,
    /// `PREDICT_MEMORY_MB`: the memory of the predict function in MB.
    pub serving_memory: Option<u32>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which Lambda sets: the memory of this function in MB.
    pub memory: Memory,
}

impl Config {
    /// Reads the configuration.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, VariableError> {
        let name_prefix: JobNamePrefix = variables.require_parsed("JOB_NAME_PREFIX")?;
        let pinned = match variables.parse("PINNED_MODEL_URI")? {
            Some(ModelUri::S3(uri)) => Some(uri),
            // A path is that of the demo model, which is not in the bucket.
            Some(ModelUri::Path(_)) | None => None,
        };
        let megabytes = |name| variables.whole_number(name, 1..=u32::MAX);
        Ok(Self {
            bucket: variables.require("BUCKET")?,
            stack: variables.get("STACK_NAME").unwrap_or_else(|| name_prefix.to_string()),
            name_prefix,
            pinned,
            spark_application: variables.get("SPARK_APPLICATION_ID"),
            gate: Gate::from_variables(variables)?,
            serving_memory: megabytes("PREDICT_MEMORY_MB")?,
            memory: Memory::of_megabytes(megabytes("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, VariableError> {
        let lookup = |name: &str| {
            let needed = [("BUCKET", "b"), ("JOB_NAME_PREFIX", "matinee")];
            let mut all = needed.iter().chain(variables).rev();
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_variables(&Variables::from_lookup(lookup))
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
            ("PINNED_MODEL_URI", "https://example.com/model"),
            ("PREDICT_MEMORY_MB", "256 MB"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"),
        ] {
            let error = config(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn only_a_model_in_s3_is_kept_as_pinned() {
        let pinned = |uri| config(&[("PINNED_MODEL_URI", uri)]).unwrap().pinned;
        assert_eq!(pinned("s3://b/models/1/"), Some("s3://b/models/1/".parse().unwrap()));
        assert_eq!(pinned("/opt/model"), None);
        assert_eq!(pinned(""), None);
    }

    #[test]
    fn it_reads_what_is_documented() {
        matinee_tests::assert_reads_documented("Variables of `publish-model`", |lookup| {
            let needed = |name: &str| lookup(name).or_else(|| (name != "STACK_NAME").then(|| "1".to_owned()));
            Config::from_variables(&Variables::from_lookup(needed)).unwrap();
        });
    }
}
