//! `matinee algorithms`.

use std::process::ExitCode;

use matinee_train::algorithms::{CHOICES, DEFAULT, DEFAULT_FOR_MANY, MANY_RATINGS};

/// Lists the algorithms.
pub fn run() -> ExitCode {
    for choice in CHOICES {
        let default = match choice.name {
            DEFAULT => " (default)".to_owned(),
            DEFAULT_FOR_MANY => format!(" (default from {MANY_RATINGS} ratings)"),
            _ => String::new(),
        };
        say!("{}{default}: {}", choice.name, choice.help);
        for parameter in choice.hyperparameters {
            let default = choice.default_in_words(parameter);
            say!("  {:<14} {}; {}; default {default}", parameter.name, parameter.help, parameter.domain);
        }
    }
    ExitCode::SUCCESS
}
