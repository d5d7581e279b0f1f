//! The log of the servers.

use std::io;

use matinee_api::Sampling;
use matinee_variables::{VariableError, Variables};
use tracing_subscriber::EnvFilter;

/// The format of the log, and which requests are logged.
#[derive(Debug, PartialEq, Eq)]
pub struct Logging {
    /// `LOG_FORMAT`: whether each line is a JSON object.
    is_json: bool,
    /// `LOG_SAMPLE`: the share of successful requests that are logged.
    pub sampling: Sampling,
}

impl Logging {
    /// Reads the variables.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, VariableError> {
        let is_json = variables.parse_with("LOG_FORMAT", |format| match format {
            "text" => Ok(false),
            "json" => Ok(true),
            _ => Err(format!("`{format}` is neither text nor json")),
        })?;
        let sampling = variables.parse("LOG_SAMPLE")?.unwrap_or(Sampling::ALL);
        Ok(Self { is_json: is_json.unwrap_or_default(), sampling })
    }

    /// Starts logging to standard error, at the level of `RUST_LOG`. Panics are logged too.
    pub fn init(&self) {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        if self.is_json {
            lines.json().flatten_event(true).with_span_list(false).init();
        } else {
            lines.init();
        }
        matinee_serving::log_panics();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logging(format: &str, sample: &str) -> Result<Logging, VariableError> {
        Logging::from_variables(&Variables::from_lookup(|name| match name {
            "LOG_FORMAT" => Some(format.to_owned()),
            "LOG_SAMPLE" => Some(sample.to_owned()),
            other => panic!("{other}"),
        }))
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        assert_eq!(logging("", "").unwrap(), logging("text", "1").unwrap());
        assert!(logging("json", "").unwrap().is_json);
        assert_eq!(logging("", "0.5").unwrap().sampling, "0.5".parse().unwrap());
        assert!(logging("xml", "").unwrap_err().to_string().contains("LOG_FORMAT is invalid: `xml`"));
        assert!(logging("", "2").unwrap_err().to_string().contains("LOG_SAMPLE is invalid: `2`"));
    }
}
