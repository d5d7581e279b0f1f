//! Log lines of the functions, as Lambda's logging controls ask for them.
//!
//! In JSON an object a line, with the fields at its top and the ids of the invocation in `span`; there is no time,
//! for CloudWatch notes that. In text the fields follow the message, texts in quotes. Both escape what could end a
//! line.

use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

/// Starts logging to standard output; a panic is logged too.
pub fn init_logging() {
    let variable = |name: &str| std::env::var(name).ok();
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
    let lines = tracing_subscriber::fmt().with_target(false).without_time().with_max_level(level_of(level));
    match variable("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("json") => {
            lines.json().flatten_event(true).with_span_list(false).init();
        }
        _ => lines.init(),
    }
    matinee_serving::log_panics();
}

/// Lambda's levels are those of tracing, and FATAL.
fn level_of(name: Option<String>) -> LevelFilter {
    match name {
        Some(name) if name.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        // An empty text would be read as a level.
        Some(name) if !name.is_empty() => LevelFilter::from_str(&name).unwrap_or(LevelFilter::INFO),
        _ => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_of_lambda_are_understood() {
        for (name, level) in [
            ("TRACE", LevelFilter::TRACE),
            ("WARN", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("", LevelFilter::INFO),
        ] {
            assert_eq!(level_of(Some(name.to_owned())), level, "{name}");
        }
        assert_eq!(level_of(None), LevelFilter::INFO);
    }
}
