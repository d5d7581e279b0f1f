//! The log lines of the servers.

use std::io;

use anyhow::{Context, Result, bail};
use matinee_api::Sampling;
use tracing_subscriber::EnvFilter;

/// What the environment says of the log lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Logging {
    /// `LOG_FORMAT`: whether a line is a JSON object.
    is_json: bool,
    /// `LOG_SAMPLE`: the share of the successful requests that are logged.
    pub sampling: Sampling,
}

impl Logging {
    /// Reads the variables of this process.
    pub fn from_environment() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables; an empty one counts as missing.
    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let is_json = match given("LOG_FORMAT").as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => bail!("LOG_FORMAT is `{other}`; it must be text or json"),
        };
        let sampling = given("LOG_SAMPLE").map(|share| share.parse().context("LOG_SAMPLE")).transpose()?;
        Ok(Self { is_json, sampling: sampling.unwrap_or(Sampling::ALL) })
    }

    /// Starts logging to standard error what `RUST_LOG` asks for; a panic is logged too.
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

    fn logging(format: &str, sample: &str) -> Result<Logging> {
        Logging::from_lookup(|name| match name {
            "LOG_FORMAT" => Some(format.to_owned()),
            "LOG_SAMPLE" => Some(sample.to_owned()),
            other => panic!("{other}"),
        })
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        assert_eq!(logging("", "").unwrap(), logging("text", "1").unwrap());
        assert!(logging("json", "").unwrap().is_json);
        assert_eq!(logging("", "0.5").unwrap().sampling, "0.5".parse().unwrap());
        assert!(format!("{:#}", logging("xml", "").unwrap_err()).contains("LOG_FORMAT is `xml`"));
        assert!(format!("{:#}", logging("", "2").unwrap_err()).contains("LOG_SAMPLE: `2`"));
    }
}
