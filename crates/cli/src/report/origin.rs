//! Where a report comes from, so that it can be made again.

use matinee_train::ratings::Digests;
use maud::{Markup, html};

/// What a page says about the command that wrote it.
pub struct Origin {
    date: String,
    command: String,
    /// Name and SHA-256 of each file that was read.
    files: Vec<(String, String)>,
}

impl Origin {
    /// This process, which has read `files`.
    pub fn of_process(files: &Digests) -> Self {
        let arguments = std::env::args().skip(1).map(|argument| quoted(&argument));
        let files = files.iter().map(|(name, digest)| (name.clone(), digest.sha256.clone()));
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            command: std::iter::once("matinee".to_owned()).chain(arguments).collect::<Vec<_>>().join(" "),
            files: files.collect(),
        }
    }

    /// The same as HTML.
    pub fn to_html(&self) -> Markup {
        html! {
            h2 { "How it was made" }
            p.note {
                "On " (self.date) " by matinee " (env!("CARGO_PKG_VERSION")) ", with:"
            }
            div.wide tabindex="0" role="region" aria-label="Command" { pre { (self.command) } }
            div.wide tabindex="0" role="region" aria-label="Files" {
                table {
                    thead { tr { th { "file" } th { "SHA-256" } } }
                    tbody { @for (name, sum) in &self.files { tr { th { (name) } td { code { (sum) } } } } }
                }
            }
        }
    }
}

/// An argument as a shell reads it.
fn quoted(argument: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./=:,+@%".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn arguments_are_quoted_where_a_shell_needs_it() {
        for (argument, expected) in
            [("--data", "--data"), ("my data", "'my data'"), ("it's", r"'it'\''s'"), ("", "''")]
        {
            assert_eq!(quoted(argument), expected);
        }
    }
}
