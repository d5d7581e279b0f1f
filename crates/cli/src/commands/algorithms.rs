//! `matinee algorithms`.

use std::process::ExitCode;

use matinee_train::algorithms::{CHOICES, DEFAULT};

/// Lists the algorithms.
pub fn run() -> ExitCode {
    for choice in CHOICES {
        let default = if choice.name == DEFAULT { " (default)" } else { "" };
        say!("{}{default}: {}", choice.name, choice.help);
        for parameter in choice.hyperparameters {
            let default = choice.default_in_words(parameter);
            say!("  {:<14} {}; {}; default {default}", parameter.name, parameter.help, parameter.domain);
        }
    }
    ExitCode::SUCCESS
}
