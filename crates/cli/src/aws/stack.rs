//! The deployed stack, as `CloudFormation` describes it.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::Stack;
use matinee_aws::error_chain;

/// The deployed stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeployedStack {
    /// The status of the last deployment, such as `UPDATE_COMPLETE`.
    pub status: String,
    /// The reason for the status, if something went wrong.
    pub reason: Option<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

/// Why the stack could not be described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    /// There is no stack with this name.
    #[error("there is no stack `{0}` in this account and region; deploy it, or name another with --stack")]
    Missing(String),
    /// `CloudFormation` refused or did not answer.
    #[error("the stack `{name}` cannot be described: {problem}")]
    Unknown {
        /// Its name.
        name: String,
        /// The error.
        problem: String,
    },
}

impl DeployedStack {
    /// Describes the stack with this name.
    pub async fn describe(config: &SdkConfig, name: &str) -> Result<Self, StackError> {
        let answer = Client::new(config).describe_stacks().stack_name(name).send().await;
        let missing = || StackError::Missing(name.to_owned());
        match answer {
            Ok(answer) => answer.stacks.unwrap_or_default().pop().map(Self::from).ok_or_else(missing),
            // CloudFormation does not have an error code for this.
            Err(error) if error.message().is_some_and(|message| message.contains("does not exist")) => {
                Err(missing())
            }
            Err(error) => Err(StackError::Unknown { name: name.to_owned(), problem: error_chain(&error) }),
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
    // White space ends a word only outside of quotes.
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
    fn the_output_is_read_as_a_shell_reads_it() {
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
        fn any_value_without_a_quote_is_read_back(values in prop::collection::vec("[^']{0,12}", 0..5)) {
            let named: BTreeMap<String, String> =
                values.into_iter().enumerate().map(|(index, value)| (format!("N{index}"), value)).collect();
            let words: Vec<String> = named.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
            prop_assert_eq!(variables(&format!("export {}", words.join(" "))), named);
        }
    }
}
