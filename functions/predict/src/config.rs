//! The environment variables, each in one place.

use matinee_aws::{EndpointName, EndpointNameError, ModelUri, ModelUriError};

/// The model that a layer brings, used where `MODEL_URI` is not set.
const DEMO_MODEL: &str = "/opt/model";

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `MODEL_URI`: where the model is; in the endpoint mode, where its `movies.csv` is.
    pub model: ModelUri,
    /// `ENDPOINT_NAME`: the endpoint that ratings come from, instead of a model in memory.
    pub endpoint: Option<EndpointName>,
}

/// A variable with a value that cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// `MODEL_URI` is no place.
    #[error("the environment variable MODEL_URI is wrong: {0}")]
    ModelUri(#[from] ModelUriError),
    /// `ENDPOINT_NAME` is no name.
    #[error("the environment variable ENDPOINT_NAME is wrong: {0}")]
    EndpointName(#[from] EndpointNameError),
}

impl Config {
    /// Reads the configuration; an empty variable counts as missing.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let given =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let model = given("MODEL_URI").unwrap_or_else(|| DEMO_MODEL.to_owned());
        let endpoint = given("ENDPOINT_NAME").map(|name| name.parse()).transpose()?;
        Ok(Self { model: model.parse()?, endpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let demo = Config { model: ModelUri::Path(DEMO_MODEL.into()), endpoint: None };
        for value in ["", " "] {
            assert_eq!(config(&[("MODEL_URI", value), ("ENDPOINT_NAME", value)]), Ok(demo.clone()));
        }
        assert_eq!(config(&[]), Ok(demo));
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value) in [("MODEL_URI", "ftp://models/1"), ("ENDPOINT_NAME", "an endpoint")] {
            let error = config(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        let given = config(&[("MODEL_URI", "s3://bucket/models/1"), ("ENDPOINT_NAME", "matinee-1")]).unwrap();
        assert!(matches!(given.model, ModelUri::S3(_)));
        assert_eq!(given.endpoint, Some("matinee-1".parse().unwrap()));
    }
}
