//! The deployed stack, as `CloudFormation` tells of it.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::Stack;
use matinee_aws::chain;

/// The deployed stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeployedStack {
    /// What became of the last deploy, such as `UPDATE_COMPLETE`.
    pub status: String,
    /// Why, where something went wrong.
    pub reason: Option<String>,
    /// What was asked for.
    pub parameters: BTreeMap<String, String>,
    /// What there is.
    pub outputs: BTreeMap<String, String>,
}

/// Why nothing is known of the stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    /// There is none with this name.
    #[error(
        "there is no stack `{0}` here; deploy it, or name another by --stack, and check region and credentials"
    )]
    Missing(String),
    /// `CloudFormation` did not tell.
    #[error("the stack `{name}` cannot be asked: {problem}")]
    Unknown {
        /// Its name.
        name: String,
        /// What was answered.
        problem: String,
    },
}

impl DeployedStack {
    /// Asks for the stack with this name.
    pub async fn describe(config: &SdkConfig, name: &str) -> Result<Self, StackError> {
        let answer = Client::new(config).describe_stacks().stack_name(name).send().await;
        let missing = || StackError::Missing(name.to_owned());
        match answer {
            Ok(answer) => answer.stacks.unwrap_or_default().pop().map(Self::from).ok_or_else(missing),
            // CloudFormation has no error of its own for it.
            Err(error) if error.message().is_some_and(|message| message.contains("does not exist")) => {
                Err(missing())
            }
            Err(error) => Err(StackError::Unknown { name: name.to_owned(), problem: chain(&error) }),
        }
    }

    /// The variables that the output `CommandLine` sets, by name.
    pub fn variables(&self) -> BTreeMap<String, String> {
        self.outputs.get("CommandLine").map(|line| variables(line)).unwrap_or_default()
    }
}

impl From<Stack> for DeployedStack {
    fn from(stack: Stack) -> Self {
        let pair = |name: Option<String>, value: Option<String>| Some((name?, value?));
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        Self {
            status: stack.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            reason: stack.stack_status_reason,
            parameters: parameters.filter_map(|one| pair(one.parameter_key, one.parameter_value)).collect(),
            outputs: outputs.filter_map(|one| pair(one.output_key, one.output_value)).collect(),
        }
    }
}

/// The assignments of `export NAME=VALUE NAME='VALUE' ...`.
fn variables(line: &str) -> BTreeMap<String, String> {
    let mut is_quoted = false;
    // Quotes part words from what they hold: only the whitespace outside ends a word.
    let is_end = |character: char| {
        is_quoted ^= character == '\'';
        character.is_whitespace() && !is_quoted
    };
    let words = line.split(is_end).map(|word| word.replace('\'', ""));
    let pair = |word: String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    words.filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_command_line_output_reads_as_a_shell_reads_it() {
        let line = "export MATINEE_BUCKET=b MATINEE_STACK=matinee\n  \
                    MATINEE_HYPERPARAMETERS='{\"hold_out\":\"0.1\", \"a\":\"b=c\"}' MATINEE_GATE_MAX_RMSE_RISE=";
        let read = variables(line);
        let expected = [
            ("MATINEE_BUCKET", "b"),
            ("MATINEE_STACK", "matinee"),
            ("MATINEE_HYPERPARAMETERS", "{\"hold_out\":\"0.1\", \"a\":\"b=c\"}"),
            ("MATINEE_GATE_MAX_RMSE_RISE", ""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, BTreeMap::from(expected));
    }

    proptest! {
        #[test]
        fn any_value_without_a_quote_comes_back(values in prop::collection::vec("[^']{0,12}", 0..5)) {
            let named: BTreeMap<String, String> =
                values.into_iter().enumerate().map(|(index, value)| (format!("N{index}"), value)).collect();
            let words: Vec<String> = named.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
            prop_assert_eq!(variables(&format!("export {}", words.join(" "))), named);
        }
    }
}
