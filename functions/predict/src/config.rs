//! The environment variables, each in one place.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::HeaderValue;
use matinee_api::{Sampling, ShareError};
use matinee_aws::{EndpointName, EndpointNameError, Memory, ModelUri, ModelUriError};

/// The model that a layer brings, used where `MODEL_URI` is not set.
const DEMO_MODEL: &str = "/opt/model";
/// How often the pointer is read where `MODEL_REFRESH_SECONDS` is not set.
const REFRESH: Duration = Duration::from_mins(1);

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `MODEL_URI`: where the model is; in the endpoint mode, where its `movies.csv` is.
    pub model: ModelUri,
    /// `ENDPOINT_NAME`: the endpoint that ratings come from, instead of a model in memory.
    pub endpoint: Option<EndpointName>,
    /// `MODEL_UNTIL_PUBLISHED`: a path; the model there answers while `MODEL_URI` is a pointer that is not there.
    pub until_published: Option<PathBuf>,
    /// `MODEL_REFRESH_SECONDS`: how often the pointer is read at most.
    pub refresh: Duration,
    /// `STACK_NAME`: the dimension of the metrics; none are written where it is missing.
    pub stack: Option<String>,
    /// `CORS_ORIGINS`: the origins whose pages may call the API, with commas between them.
    pub origins: Vec<HeaderValue>,
    /// `LOG_SAMPLE`: the share of the successful requests that are logged.
    pub sampling: Sampling,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which Lambda sets: the memory in MB.
    pub memory: Memory,
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
    /// A number is none.
    #[error("the environment variable {0} is `{1}`; it must be a whole number from 1")]
    Number(&'static str, String),
    /// A share is none.
    #[error("the environment variable LOG_SAMPLE is wrong: {0}")]
    Share(#[from] ShareError),
    /// An origin is none.
    #[error(
        "the environment variable CORS_ORIGINS has `{0}`; an origin is like https://example.com, without a path"
    )]
    Origin(String),
}

impl Config {
    /// Reads the configuration; an empty variable counts as missing.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let given =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let model = given("MODEL_URI").unwrap_or_else(|| DEMO_MODEL.to_owned());
        let endpoint = given("ENDPOINT_NAME").map(|name| name.parse()).transpose()?;
        let number = |name: &'static str| match given(name).map(|text| (text.parse::<u64>(), text)) {
            None => Ok(None),
            Some((Ok(number), _)) if number > 0 => Ok(Some(number)),
            Some((_, text)) => Err(ConfigError::Number(name, text)),
        };
        Ok(Self {
            model: model.parse()?,
            endpoint,
            until_published: given("MODEL_UNTIL_PUBLISHED").map(PathBuf::from),
            refresh: number("MODEL_REFRESH_SECONDS")?.map_or(REFRESH, Duration::from_secs),
            stack: given("STACK_NAME"),
            origins: given("CORS_ORIGINS").map(|text| origins(&text)).transpose()?.unwrap_or_default(),
            sampling: given("LOG_SAMPLE").map(|share| share.parse()).transpose()?.unwrap_or(Sampling::ALL),
            memory: Memory::of_megabytes(number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?),
        })
    }
}

fn origins(text: &str) -> Result<Vec<HeaderValue>, ConfigError> {
    let origin = |text: &str| {
        let host = text.split_once("://").map(|(_, host)| host).unwrap_or_default();
        let is_origin = !host.is_empty() && !host.contains(['/', '*']);
        let value = HeaderValue::from_str(text).ok().filter(|_| is_origin);
        value.ok_or_else(|| ConfigError::Origin(text.to_owned()))
    };
    text.split(',').map(str::trim).map(origin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let demo = config(&[]).unwrap();
        assert_eq!((&demo.model, &demo.endpoint), (&ModelUri::Path(DEMO_MODEL.into()), &None));
        assert_eq!(demo.refresh, REFRESH);
        for value in ["", " "] {
            for name in [
                "MODEL_URI",
                "ENDPOINT_NAME",
                "MODEL_UNTIL_PUBLISHED",
                "MODEL_REFRESH_SECONDS",
                "CORS_ORIGINS",
                "LOG_SAMPLE",
            ] {
                assert_eq!(config(&[(name, value)]).as_ref(), Ok(&demo), "{name}");
            }
        }
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value) in [
            ("MODEL_URI", "ftp://models/1"),
            ("ENDPOINT_NAME", "an endpoint"),
            ("MODEL_REFRESH_SECONDS", "0"),
            ("CORS_ORIGINS", "https://a.example,*"),
            ("CORS_ORIGINS", "https://a.example/path"),
            ("LOG_SAMPLE", "1%"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"),
        ] {
            let error = config(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        let given = config(&[("MODEL_URI", "s3://bucket/models/1"), ("ENDPOINT_NAME", "matinee-1")]).unwrap();
        assert!(matches!(given.model, ModelUri::S3(_)));
        assert_eq!(given.endpoint, Some("matinee-1".parse().unwrap()));
    }

    #[test]
    fn it_reads_what_is_documented() {
        matinee_tests::assert_reads_documented("Variables of `predict`", |lookup| {
            Config::from_lookup(lookup).unwrap();
        });
    }

    proptest! {
        #[test]
        fn any_value_is_taken_or_refused_by_name(value in prop_oneof![".{0,40}", "[a-z:/,.*-]{0,40}", "[0-9]{0,22}"]) {
            for name in ["MODEL_URI", "ENDPOINT_NAME", "MODEL_REFRESH_SECONDS", "CORS_ORIGINS"] {
                if let Err(error) = config(&[(name, value.as_str())]) {
                    prop_assert!(error.to_string().contains(name), "{}", error);
                }
            }
        }

        #[test]
        fn any_text_is_origins_or_refused(text in prop_oneof![".{0,40}", "https?://[a-z.:/*,]{0,30}"]) {
            for origin in origins(&text).unwrap_or_default() {
                let origin = origin.to_str().unwrap();
                let host = origin.split_once("://").map(|(_, host)| host);
                prop_assert!(host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ','])), "{origin}");
            }
        }
    }
}
