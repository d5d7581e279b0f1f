//! The result of a check.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use matinee_aws::error_chain;

use crate::aws::stack::DeployedStack;

/// What was found to be right, or the problem.
pub type Finding = Result<String, Problem>;

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Something is wrong; the text ends with the remedy.
    Fault(String),
    /// The check could not be made, for this reason.
    NotChecked(String),
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(format!("{error:#}"))
    }
}

/// What the error of an API call means. It is a fault of the stack, described by `fault`, if its code is one of `faults`.
/// Any other error, such as a permission that the caller does not have, says nothing about the stack.
pub fn problem_of<E>(
    action: &str,
    error: &SdkError<E, HttpResponse>,
    faults: &[&str],
    fault: impl FnOnce() -> String,
) -> Problem
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match error.code() {
        Some(code) if faults.contains(&code) => Problem::Fault(fault()),
        _ => Problem::NotChecked(format!("{action}: {}", error_chain(error))),
    }
}

/// Whether the last deployment of the stack succeeded.
pub fn deployment_status(name: &str, stack: &DeployedStack) -> Finding {
    let DeployedStack { status, reason, .. } = stack;
    let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let fault = |what: &str| Err(Problem::Fault(format!("{name} is {status}{reason}; {what}")));
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Ok(format!("{name} is {status}")),
        // The stack works as before the update.
        "UPDATE_ROLLBACK_COMPLETE" => fault(
            "the last deployment was rolled back; `sam deploy` shows why: correct that and deploy again",
        ),
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => {
            fault("delete it with `sam delete`, and deploy again")
        }
        "UPDATE_ROLLBACK_FAILED" => {
            fault("finish the rollback with `aws cloudformation continue-update-rollback`")
        }
        _ if status.ends_with("_IN_PROGRESS") => fault("wait until it ends, and run the doctor again"),
        _ => fault("see its events: `aws cloudformation describe-stack-events`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_successful_deployment_passes() {
        for (status, remedy) in [
            ("CREATE_COMPLETE", None),
            ("UPDATE_COMPLETE", None),
            ("UPDATE_ROLLBACK_COMPLETE", Some("deploy again")),
            ("ROLLBACK_COMPLETE", Some("sam delete")),
            ("UPDATE_IN_PROGRESS", Some("wait")),
            ("UPDATE_ROLLBACK_FAILED", Some("continue-update-rollback")),
            ("REVIEW_IN_PROGRESS", Some("wait")),
            ("SOMETHING_NEW", Some("describe-stack-events")),
        ] {
            let stack = DeployedStack {
                status: status.to_owned(),
                reason: Some("Resource creation cancelled".to_owned()),
                ..DeployedStack::default()
            };
            match (deployment_status("matinee", &stack), remedy) {
                (Ok(_), None) => {}
                (Err(Problem::Fault(fault)), Some(remedy)) => {
                    assert!(fault.contains(remedy) && fault.contains("cancelled"), "{fault}");
                }
                (finding, _) => panic!("{status}: {finding:?}"),
            }
        }
    }
}
