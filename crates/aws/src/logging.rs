//! The log of the functions, as Lambda's logging controls configure it.
//!
//! In JSON each line is an object, with the fields at its top level and the ids of the invocation in `span`. In text the
//! fields follow the message, and strings are quoted. Both escape line breaks. There is no time, because CloudWatch adds
//! it.

use std::str::FromStr;

use matinee_variables::Variables;
use tracing_subscriber::filter::LevelFilter;

/// Starts logging to standard output. Panics are logged too.
pub fn init_logging() {
    let variables = Variables::of_process();
    let level = variables.get("AWS_LAMBDA_LOG_LEVEL").or_else(|| variables.get("RUST_LOG"));
    let lines = tracing_subscriber::fmt().with_target(false).without_time().with_max_level(level_of(level));
    match variables.get("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("json") => {
            lines.json().flatten_event(true).with_span_list(false).init();
        }
        _ => lines.init(),
    }
    matinee_serving::log_panics();
}

/// Lambda has the levels of `tracing`, and FATAL.
fn level_of(name: Option<String>) -> LevelFilter {
    match name {
        Some(name) if name.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        Some(name) => LevelFilter::from_str(&name).unwrap_or(LevelFilter::INFO),
        None => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_of_lambda_are_known() {
        for (name, level) in [
            ("TRACE", LevelFilter::TRACE),
            ("WARN", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("verbose", LevelFilter::INFO),
        ] {
            assert_eq!(level_of(Some(name.to_owned())), level, "{name}");
        }
        assert_eq!(level_of(None), LevelFilter::INFO);
    }
}
