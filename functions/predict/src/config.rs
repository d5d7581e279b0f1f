//! The configuration of the function, read from its environment variables.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::HeaderValue;
use matinee_api::{Access, Sampling, SignInPage};
use matinee_aws::{EndpointName, Memory, ModelUri};
use matinee_dynamodb_ratings::TableName;
use matinee_live_ratings::DEFAULT_TIME_LIMIT;
use matinee_variables::{VariableError, Variables};

/// The demo model in the function's layer, which is used if `MODEL_URI` is not set.
const DEMO_MODEL: &str = "/opt/model";
/// How often the pointer is read if `MODEL_REFRESH_SECONDS` is not set.
const REFRESH: Duration = Duration::from_mins(1);
/// An hour: a deleted user may be answered from memory for as long.
const LONGEST_CACHE_SECONDS: u32 = 3600;

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `MODEL_URI`: the location of the model; in the endpoint mode, of its `movies.csv`.
    pub model: ModelUri,
    /// `ENDPOINT_NAME`: the endpoint that predicts, instead of a model in memory.
    pub endpoint: Option<EndpointName>,
    /// `MODEL_UNTIL_PUBLISHED`: the path of a model to serve while `MODEL_URI` is a pointer that does not exist yet.
    pub until_published: Option<PathBuf>,
    /// `MODEL_REFRESH_SECONDS`: the shortest time between two reads of the pointer.
    pub refresh: Duration,
    /// `STACK_NAME`: the dimension of the metrics. Without it no metrics are written.
    pub stack: Option<String>,
    /// `RATINGS_TABLE`: the table that keeps ratings which come in. Without it, none are kept.
    pub ratings_table: Option<TableName>,
    /// `RATINGS_TIMEOUT_MS`: how long a request waits for the ratings of a user, in milliseconds.
    pub ratings_timeout: Duration,
    /// `RATINGS_CACHE_SECONDS`: how long the ratings of a user may be kept in memory, in seconds.
    pub ratings_cache: Duration,
    /// `AUTHORIZATION` and `ADMINISTRATORS`: who may act for which users.
    pub access: Access,
    /// `SIGN_IN_PAGE`: where people sign in before they use the page.
    pub sign_in: Option<SignInPage>,
    /// `CORS_ORIGINS`: the origins whose pages may call the API, separated by commas.
    pub origins: Vec<HeaderValue>,
    /// `LOG_SAMPLE`: the share of successful requests that are logged.
    pub sampling: Sampling,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which Lambda sets: the memory in MB.
    pub memory: Memory,
}

impl Config {
    /// Reads the configuration.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, VariableError> {
        let number = |name| variables.whole_number(name, 1..=u32::MAX);
        let refresh = number("MODEL_REFRESH_SECONDS")?;
        let administrators = variables.get("ADMINISTRATORS");
        Ok(Self {
            model: variables.parse("MODEL_URI")?.unwrap_or_else(|| ModelUri::Path(DEMO_MODEL.into())),
            endpoint: variables.parse("ENDPOINT_NAME")?,
            until_published: variables.get("MODEL_UNTIL_PUBLISHED").map(PathBuf::from),
            refresh: refresh.map_or(REFRESH, |seconds| Duration::from_secs(seconds.into())),
            stack: variables.get("STACK_NAME"),
            ratings_table: variables.parse("RATINGS_TABLE")?,
            ratings_timeout: number("RATINGS_TIMEOUT_MS")?
                .map_or(DEFAULT_TIME_LIMIT, |milliseconds| Duration::from_millis(milliseconds.into())),
            ratings_cache: variables
                .whole_number("RATINGS_CACHE_SECONDS", 0..=LONGEST_CACHE_SECONDS)?
                .map_or(Duration::ZERO, |seconds| Duration::from_secs(seconds.into())),
            access: variables
                .parse_with("AUTHORIZATION", |text| access(text, administrators))?
                .unwrap_or_default(),
            sign_in: variables.parse("SIGN_IN_PAGE")?,
            origins: variables.parse_with("CORS_ORIGINS", origins)?.unwrap_or_default(),
            sampling: variables.parse("LOG_SAMPLE")?.unwrap_or(Sampling::ALL),
            memory: Memory::of_megabytes(number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?),
        })
    }
}

/// Who may act for which users, by the stack's parameter `Authorization` and the name of the administrators' group.
fn access(authorization: &str, group: Option<String>) -> Result<Access, String> {
    match authorization {
        "none" | "api-key" | "iam" => Ok(Access::Anyone),
        "cognito" => Ok(Access::TokenHolders { group }),
        other => Err(format!("`{other}` is not none, api-key, iam or cognito")),
    }
}

/// Reads origins that are separated by commas.
fn origins(text: &str) -> Result<Vec<HeaderValue>, String> {
    let origin = |text: &str| {
        let host = text.split_once("://").map(|(_, host)| host).unwrap_or_default();
        let is_origin = !host.is_empty() && !host.contains(['/', '*']);
        let value = HeaderValue::from_str(text).ok().filter(|_| is_origin);
        value.ok_or_else(|| format!("`{text}` is not an origin such as https://example.com, without a path"))
    };
    text.split(',').map(str::trim).map(origin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, VariableError> {
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_variables(&Variables::from_lookup(lookup))
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
                "RATINGS_TABLE",
                "RATINGS_TIMEOUT_MS",
                "RATINGS_CACHE_SECONDS",
                "AUTHORIZATION",
                "ADMINISTRATORS",
                "SIGN_IN_PAGE",
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
            ("RATINGS_TABLE", "a table"),
            ("RATINGS_TIMEOUT_MS", "0"),
            ("RATINGS_CACHE_SECONDS", "-1"),
            ("RATINGS_CACHE_SECONDS", "3601"),
            ("AUTHORIZATION", "Cognito"),
            ("SIGN_IN_PAGE", "https://movies.example"),
            ("CORS_ORIGINS", "https://a.example,*"),
            ("CORS_ORIGINS", "https://a.example/path"),
            ("LOG_SAMPLE", "1%"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"),
        ] {
            let error = config(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        let config =
            config(&[("MODEL_URI", "s3://bucket/models/1"), ("ENDPOINT_NAME", "matinee-1")]).unwrap();
        assert!(matches!(config.model, ModelUri::S3(_)));
        assert_eq!(config.access, Access::Anyone);
        assert_eq!(config.endpoint, Some("matinee-1".parse().unwrap()));
    }

    #[test]
    fn ratings_are_not_kept_in_memory_unless_it_is_wanted() {
        let cache = |seconds| config(&[("RATINGS_CACHE_SECONDS", seconds)]).unwrap().ratings_cache;
        assert_eq!(["", "0", "90"].map(cache).map(|time| time.as_secs()), [0, 0, 90]);
    }

    #[test]
    fn tokens_stand_for_users_only_with_cognito() {
        let access = |authorization| {
            let set = [("AUTHORIZATION", authorization), ("ADMINISTRATORS", "staff")];
            config(&set).unwrap().access
        };
        for authorization in ["none", "api-key", "iam"] {
            assert_eq!(access(authorization), Access::Anyone, "{authorization}");
        }
        assert_eq!(access("cognito"), Access::TokenHolders { group: Some("staff".to_owned()) });
        let alone = config(&[("AUTHORIZATION", "cognito")]).unwrap().access;
        assert_eq!(alone, Access::TokenHolders { group: None });
    }

    #[test]
    fn it_reads_what_is_documented() {
        matinee_tests::assert_reads_documented("Variables of `predict`", |lookup| {
            Config::from_variables(&Variables::from_lookup(lookup)).unwrap();
        });
    }

    proptest! {
        #[test]
        fn any_value_is_accepted_or_refused_by_name(value in prop_oneof![".{0,40}", "[a-z:/,.*-]{0,40}", "[0-9]{0,22}"]) {
            for name in ["MODEL_URI", "ENDPOINT_NAME", "MODEL_REFRESH_SECONDS", "RATINGS_TABLE", "CORS_ORIGINS"] {
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
