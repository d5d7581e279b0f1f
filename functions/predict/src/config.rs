//! The environment variables, each in one place.

use matinee_aws::{ModelUri, ModelUriError};

/// The model that a layer brings, used where `MODEL_URI` is not set.
const DEMO_MODEL: &str = "/opt/model";

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `MODEL_URI`: where the model is.
    pub model: ModelUri,
}

/// A variable with a value that cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// `MODEL_URI` is no place.
    #[error("the environment variable MODEL_URI is wrong: {0}")]
    ModelUri(#[from] ModelUriError),
}

impl Config {
    /// Reads the configuration; an empty variable counts as missing.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let given =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let model = given("MODEL_URI").unwrap_or_else(|| DEMO_MODEL.to_owned());
        Ok(Self { model: model.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(model_uri: Option<&str>) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| if name == "MODEL_URI" { model_uri.map(str::to_owned) } else { None })
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let demo = Config { model: ModelUri::Path(DEMO_MODEL.into()) };
        for value in [None, Some(""), Some(" ")] {
            assert_eq!(config(value), Ok(demo.clone()));
        }
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        let error = config(Some("ftp://models/1")).unwrap_err();
        assert!(error.to_string().contains("MODEL_URI"), "{error}");
        assert!(matches!(config(Some("s3://bucket/models/1")).unwrap().model, ModelUri::S3(_)));
    }
}
